use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::byte_budget::{ByteBudget, Holder};
use crate::app::{SocketLimits, StartError};

/// Sizes, times and numbers that a client can't exceed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    /// Longest request target, in bytes. Default 8192. Longer: 414.
    pub url_bytes: usize,
    /// All header lines of a request together, in bytes. Default 16384. More, or more than 100 lines: 431.
    pub header_bytes: usize,
    /// Time to send the whole request head, in seconds. Default 10. Longer: closed.
    pub header_read_seconds: u64,
    /// Time for the TLS handshake, in seconds. Default 10. Longer: closed.
    pub tls_handshake_seconds: u64,
    /// Time a connection may stay open between two requests, in seconds. Default 75.
    pub keep_alive_seconds: u64,
    /// Time over which `answer_bytes_per_second` is averaged, in seconds. Default 30. A client that takes nothing for so long has stalled.
    pub write_stall_seconds: u64,
    /// Least rate at which a client must take each answer, in bytes per second, while bytes of it wait. Default 1024. Slower: the HTTP/2
    /// stream is reset or the connection closed.
    pub answer_bytes_per_second: u32,
    /// Bytes of answers in memory that clients haven't taken yet, in total. Default 268435456. One address holds at most an eighth, and
    /// anonymous clients at most three quarters. More: 503 with `Retry-After`.
    pub unsent_answer_bytes: usize,
    /// Open connections in total. Default 10000. More are closed at once.
    pub connections: usize,
    /// Open connections of one client address (IPv6: of one /64). Default 512. Not applied behind a proxy, where all come from it.
    pub connections_per_address: usize,
    /// Open connections of one loopback address. Default 4096.
    pub connections_from_loopback: usize,
    /// Concurrent HTTP/2 streams of one connection. Default 100.
    pub http2_streams: u32,
    /// Requests of one connection that a rate limit or a mistake in their head refused, until it is closed. Default 100. Not applied to a trusted proxy, whose connections carry the requests of many.
    pub refusals_per_connection: usize,
    /// HTTP/2 streams that a client reset before they were handled, until its connection is closed (rapid reset). Default 100.
    pub http2_pending_resets: usize,
    /// HTTP/2 streams that the server had to reset for the client's mistakes, until its connection is closed. Default 100.
    pub http2_local_resets: usize,
    /// Seconds between two HTTP/2 pings that ask whether the client is still there. Default 20.
    pub http2_ping_seconds: u64,
    /// Seconds to answer an HTTP/2 ping. Default 10. Longer: closed.
    pub http2_ping_timeout_seconds: u64,
    /// Request body, in bytes, where the endpoint says nothing else. Default 1048576. More: 413.
    pub body_bytes: usize,
    /// Request bodies that are buffered at the same time, in bytes, all clients together. Default 67108864. One client address (IPv6: one
    /// /64) gets at most an eighth of it, and a quarter of either is reserved for signed-in callers. More: 503 with `Retry-After`.
    pub buffered_body_bytes: usize,
    /// Time to send the whole request body, in seconds. Default 30. Longer: 408.
    pub body_seconds: u64,
    /// Message on a WebSocket, in bytes, where the endpoint says nothing else. Default 65536. Larger, or in more fragments than 128 and one
    /// for each 256 bytes: the socket ends. Buffered messages count as `limits.buffered_body_bytes` says.
    pub websocket_message_bytes: usize,
    /// Time without a message in either direction on a WebSocket, in seconds, where the endpoint says nothing else. Default 300. Longer: the
    /// socket ends.
    pub websocket_idle_seconds: u64,
    /// Seconds of silence after which a WebSocket's client is asked whether it is still there. Default 20.
    pub websocket_ping_seconds: u64,
    /// Seconds to answer such a ping. Default 10. Longer: the socket ends.
    pub websocket_ping_timeout_seconds: u64,
    /// Time for a handler to answer, in seconds. Default 30. Longer: 503.
    pub handler_seconds: u64,
    /// Requests that are handled at the same time. Default 1024. More: 503 with `Retry-After`. While more than half are, one address
    /// (IPv6: one /64) has at most an eighth.
    pub running_handlers: usize,
    /// Seconds that connections are still accepted after shutdown began, for balancers to notice. Default 0; about 5 in Kubernetes.
    pub shutdown_grace_seconds: u64,
    /// Seconds that running requests get to finish at shutdown. Default 25.
    pub shutdown_drain_seconds: u64,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        Self {
            url_bytes: 8 * 1024,
            header_bytes: 16 * 1024,
            header_read_seconds: 10,
            tls_handshake_seconds: 10,
            keep_alive_seconds: 75,
            write_stall_seconds: 30,
            answer_bytes_per_second: 1024,
            unsent_answer_bytes: 256 * 1024 * 1024,
            connections: 10_000,
            connections_per_address: 512,
            connections_from_loopback: 4096,
            http2_streams: 100,
            refusals_per_connection: 100,
            http2_pending_resets: 100,
            http2_local_resets: 100,
            http2_ping_seconds: 20,
            http2_ping_timeout_seconds: 10,
            body_bytes: 1024 * 1024,
            buffered_body_bytes: 64 * 1024 * 1024,
            body_seconds: 30,
            websocket_message_bytes: 64 * 1024,
            websocket_idle_seconds: 300,
            websocket_ping_seconds: 20,
            websocket_ping_timeout_seconds: 10,
            handler_seconds: 30,
            running_handlers: 1024,
            shutdown_grace_seconds: 0,
            shutdown_drain_seconds: 25,
        }
    }
}

impl LimitsSettings {
    /// The limits of connections, checked.
    ///
    /// # Errors
    /// Names the setting that can't work.
    pub fn limits(&self) -> Result<Limits, StartError> {
        positive("url_bytes", self.url_bytes)?;
        at_most("url_bytes", self.url_bytes, LARGEST_URL)?;
        positive("header_bytes", self.header_bytes)?;
        at_most("header_bytes", self.header_bytes, LARGEST_HEADERS)?;
        positive("connections", self.connections)?;
        positive("connections_per_address", self.connections_per_address)?;
        positive("connections_from_loopback", self.connections_from_loopback)?;
        positive("http2_streams", self.http2_streams)?;
        positive("refusals_per_connection", self.refusals_per_connection)?;
        positive("running_handlers", self.running_handlers)?;
        self.check_body("limits.body_bytes", self.body_bytes)?;
        positive("answer_bytes_per_second", self.answer_bytes_per_second)?;
        at_most("answer_bytes_per_second", self.answer_bytes_per_second, FASTEST_RATE)?;
        positive("unsent_answer_bytes", self.unsent_answer_bytes)?;
        positive("body_seconds", self.body_seconds)?;
        positive("handler_seconds", self.handler_seconds)?;
        Ok(Limits {
            url_bytes: self.url_bytes,
            header_bytes: self.header_bytes,
            header_read: seconds("header_read_seconds", self.header_read_seconds)?,
            tls_handshake: seconds("tls_handshake_seconds", self.tls_handshake_seconds)?,
            keep_alive: seconds("keep_alive_seconds", self.keep_alive_seconds)?,
            rest: REST,
            write_stall: seconds("write_stall_seconds", self.write_stall_seconds)?,
            answer_bytes_per_second: self.answer_bytes_per_second,
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            connections_from_loopback: self.connections_from_loopback,
            http2_streams: self.http2_streams,
            refusals_per_connection: self.refusals_per_connection,
            http2_pending_resets: self.http2_pending_resets,
            http2_local_resets: self.http2_local_resets,
            http2_ping: seconds("http2_ping_seconds", self.http2_ping_seconds)?,
            http2_ping_timeout: seconds("http2_ping_timeout_seconds", self.http2_ping_timeout_seconds)?,
            shutdown_grace: Duration::from_secs(self.shutdown_grace_seconds),
            shutdown_drain: Duration::from_secs(self.shutdown_drain_seconds),
        })
    }

    /// The limits of an open WebSocket, checked.
    ///
    /// # Errors
    /// Names the setting that can't work.
    pub(crate) fn socket_limits(&self) -> Result<SocketLimits, StartError> {
        positive("websocket_message_bytes", self.websocket_message_bytes)?;
        Ok(SocketLimits {
            message_bytes: self.websocket_message_bytes,
            idle: seconds("websocket_idle_seconds", self.websocket_idle_seconds)?,
            ping: seconds("websocket_ping_seconds", self.websocket_ping_seconds)?,
            ping_timeout: seconds("websocket_ping_timeout_seconds", self.websocket_ping_timeout_seconds)?,
        })
    }

    /// Checks that bodies of this size have room in the share of one address.
    ///
    /// # Errors
    /// Names what is too large, and the setting that makes room for it.
    pub(crate) fn check_body(&self, what: &str, bytes: usize) -> Result<(), StartError> {
        let room = ByteBudget::most_per_address(self.buffered_body_bytes, Holder::Anonymous);
        if bytes > room {
            let (setting, present) = ("limits.buffered_body_bytes", self.buffered_body_bytes);
            return Err(StartError::new(format_args!(
                "{what} is {bytes}, but of {setting} ({present}) one client address gets {room} at most; raise {setting} to {} or more",
                bytes.saturating_mul(11)
            )));
        }
        Ok(())
    }
}

/// The limits of connections, as [`LimitsSettings`] documents them; tests shorten them by hand.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field but one is documented in the settings")]
pub struct Limits {
    pub url_bytes: usize,
    pub header_bytes: usize,
    pub header_read: Duration,
    pub tls_handshake: Duration,
    pub keep_alive: Duration,
    /// Time without a request after which an HTTP/1.1 connection gives its buffers back, to twice as long.
    pub rest: Duration,
    pub write_stall: Duration,
    pub answer_bytes_per_second: u32,
    pub connections: usize,
    pub connections_per_address: usize,
    pub connections_from_loopback: usize,
    pub http2_streams: u32,
    pub refusals_per_connection: usize,
    pub http2_pending_resets: usize,
    pub http2_local_resets: usize,
    pub http2_ping: Duration,
    pub http2_ping_timeout: Duration,
    pub shutdown_grace: Duration,
    pub shutdown_drain: Duration,
}

fn seconds(setting: &str, value: u64) -> Result<Duration, StartError> {
    positive(setting, value)?;
    at_most(setting, value, A_DAY)?;
    Ok(Duration::from_secs(value))
}

fn positive<N: PartialEq + Default + Copy>(setting: &str, value: N) -> Result<(), StartError> {
    if value == N::default() {
        return Err(StartError::new(format_args!("limits.{setting} is 0; it must be at least 1")));
    }
    Ok(())
}

fn at_most<N: PartialOrd + std::fmt::Display + Copy>(setting: &str, value: N, most: N) -> Result<(), StartError> {
    if value > most {
        return Err(StartError::new(format_args!("limits.{setting} is {value}; it can be {most} at most")));
    }
    Ok(())
}

/// hyper refuses a longer one by itself, without our headers.
const LARGEST_URL: usize = 60 * 1024;
const LARGEST_HEADERS: usize = 256 * 1024;
const A_DAY: u64 = 86_400;
/// Many honest clients are slower than this.
const FASTEST_RATE: u32 = 1024 * 1024;
/// Long enough that a client that asks again and again keeps its buffers, short enough that thousands of others keep none.
const REST: Duration = Duration::from_millis(250);
