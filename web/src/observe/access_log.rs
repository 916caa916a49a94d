use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;

use portcullis_core::Timestamp;

use super::line::{Line, key, number_key};
use super::settings::LogFormat;
use super::sink::LogSink;
use super::trace::TraceContext;

/// Writes one line for each request.
#[derive(Debug)]
pub(crate) struct AccessLog {
    sink: LogSink,
    format: LogFormat,
    is_on: bool,
}

/// What is known of a request at its end. Holds no query, no header but the user agent, and a raw path only where no route matched.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) at: Timestamp,
    pub(crate) method: &'a str,
    pub(crate) route: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) request_id: &'a str,
    pub(crate) address: IpAddr,
    pub(crate) principal: Option<&'a str>,
    pub(crate) trace: &'a TraceContext,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) protocol: &'static str,
    pub(crate) code: Option<&'a str>,
    pub(crate) cause: Option<&'a str>,
}

impl AccessLog {
    pub(crate) const fn new(sink: LogSink, format: LogFormat, is_on: bool) -> Self {
        Self { sink, format, is_on }
    }

    pub(crate) fn write(&self, access: &Access<'_>) {
        if !self.is_on {
            return;
        }
        BUFFER.with_borrow_mut(|buffer| match self.format {
            LogFormat::Json => self.sink.write(json(buffer, access)),
            LogFormat::Pretty => self.sink.write(&pretty(access)),
        });
    }
}

thread_local! {
    /// The line in the making, used again by the next one.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn json<'buffer>(buffer: &'buffer mut Vec<u8>, access: &Access<'_>) -> &'buffer [u8] {
    let mut line = Line::begin(buffer, access.at);
    line.plain(key!("level"), level(access.status)).plain(key!("event"), "http_request");
    line.text(key!("method"), access.method, 16);
    match access.route {
        Some(route) => line.plain(key!("route"), route),
        None => line.text(key!("path"), access.path, 256),
    };
    line.number(number_key!("status"), access.status.into());
    line.number(number_key!("duration_us"), u64::try_from(access.duration.as_micros()).unwrap_or(u64::MAX));
    line.plain(key!("request_id"), access.request_id).address(key!("client_address"), access.address);
    if let Some(principal) = access.principal {
        line.text(key!("principal"), principal, 128);
    }
    line.quoted(key!("trace_id"), &access.trace.trace_id()).quoted(key!("span_id"), &access.trace.span_id());
    if let Some(link) = access.trace.link() {
        line.quoted(key!("trace_link"), &link);
    }
    line.plain(key!("protocol"), access.protocol);
    if let Some(code) = access.code {
        line.plain(key!("problem"), code);
    }
    if let Some(cause) = access.cause {
        line.text(key!("cause"), cause, 1024);
    }
    if let Some(agent) = access.user_agent {
        line.text(key!("user_agent"), agent, 256);
    }
    line.end()
}

/// One line for people; unsafe characters are shown as `?`.
fn pretty(access: &Access<'_>) -> Vec<u8> {
    let target = access.route.unwrap_or(access.path);
    let millis = access.duration.as_secs_f64() * 1000.0;
    let mut text = format!("{} {} {} {} {millis:.2}ms {}", access.at, access.status, access.method, target, access.address);
    for (name, value) in [("principal", access.principal), ("problem", access.code), ("cause", access.cause)] {
        if let Some(value) = value {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    let mut text: String =
        text.chars().take(1024).map(|character| if super::line::is_unsafe(character) { '?' } else { character }).collect();
    text.push('\n');
    text.into_bytes()
}

const fn level(status: u16) -> &'static str {
    match status {
        500.. => "error",
        429 => "warn",
        _ => "info",
    }
}
