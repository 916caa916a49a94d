use std::future::Future;
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::{SinkExt as _, StreamExt as _, future};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Error};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::frames::{Excess, Frames};
use super::messages::{Socket, received, to_send};
use crate::accept::Held;
use crate::app::{Ending, SocketLimits};

/// What ends a socket from outside.
pub(super) struct Ends {
    pub(super) ending: Ending,
    pub(super) shutdown: WaitForCancellationFutureOwned,
}

/// Speaks on an open connection, beside the handler, until one of them has ended.
pub(super) async fn converse<I, F>(stream: I, limits: SocketLimits, held: Held, ends: Ends, serve: impl FnOnce(Socket) -> F)
where
    I: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()>,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.message_bytes.saturating_mul(4).max(MOST_UNSENT))
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes));
    let frames = Frames::new(stream, limits.message_bytes, held);
    let mut wire = WebSocketStream::from_raw_socket(frames, Role::Server, Some(config)).await;
    let (inbox, received) = mpsc::channel(1);
    let (sending, outbox) = mpsc::channel(1);
    let stop = {
        let work = future::join(serve(Socket::new(received, sending)), carry(&mut wire, inbox, outbox, limits));
        tokio::select! {
            biased;
            () = ends.ending.comes() => (CloseCode::Policy, "the credential no longer allows this"),
            () = ends.shutdown => (CloseCode::Away, "the service is ending"),
            _ = work => return,
        }
    };
    say(&mut wire, stop).await;
    answered(&mut wire).await;
}

type Wire<I> = WebSocketStream<Frames<I>>;
type Received = Result<Message, axum::Error>;

/// Carries messages between the connection and the handler, and asks a silent client whether it is there.
async fn carry<I: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<I>,
    inbox: mpsc::Sender<Received>,
    mut outbox: mpsc::Receiver<Message>,
    limits: SocketLimits,
) {
    let mut times = Times::new(limits);
    let (mut place, mut is_broken) = (None, false);
    let reason = loop {
        // Nothing is read while the handler hasn't taken the last message, unless it takes none any more.
        let reads = place.is_some() || inbox.is_closed();
        tokio::select! {
            permit = inbox.reserve(), if !reads => place = permit.ok(),
            message = wire.next(), if reads => {
                times.hear();
                match message {
                    Some(Ok(message)) => {
                        if let Some(message) = received(&message) {
                            times.message();
                            wire.get_mut().delivered();
                            hand_on(place.take(), Ok(message));
                        }
                    }
                    Some(Err(error)) => {
                        let reason = reason_of(&error);
                        is_broken = true;
                        hand_on(place.take(), Err(axum::Error::new(error)));
                        break reason;
                    }
                    None => break None,
                }
            }
            message = outbox.recv() => {
                times.message();
                let Some(message) = message else { break Some((CloseCode::Normal, "")) };
                if wire.send(to_send(message)).await.is_err() {
                    break None;
                }
            }
            () = sleep_until(times.next()) => match times.due(reads) {
                Due::Nothing => {}
                Due::Ping => {
                    let ping = wire.send(tungstenite::Message::Ping(Default::default()));
                    if !matches!(timeout(limits.ping_timeout, ping).await, Ok(Ok(()))) {
                        break None;
                    }
                }
                Due::End(reason) => break Some((CloseCode::Away, reason)),
            },
        }
    };
    // The handler hears of it at once, whatever the client does.
    drop((place, outbox));
    drop(inbox);
    if let Some(reason) = reason {
        say(wire, reason).await;
    }
    if is_broken { wire.get_mut().drain(FAREWELL).await } else { answered(wire).await }
}

fn hand_on(place: Option<mpsc::Permit<'_, Received>>, message: Received) {
    if let Some(place) = place {
        place.send(message);
    }
}

/// When a socket was last used.
struct Times {
    limits: SocketLimits,
    message: Instant,
    heard: Instant,
    /// When the ping was sent that waits for its answer.
    pinged: Option<Instant>,
}

enum Due {
    Nothing,
    Ping,
    End(&'static str),
}

impl Times {
    fn new(limits: SocketLimits) -> Self {
        let now = Instant::now();
        Self { limits, message: now, heard: now, pinged: None }
    }

    fn message(&mut self) {
        self.message = Instant::now();
    }

    fn hear(&mut self) {
        (self.heard, self.pinged) = (Instant::now(), None);
    }

    fn next(&self) -> Instant {
        let ping = self.pinged.map_or(self.heard + self.limits.ping, |pinged| pinged + self.limits.ping_timeout);
        ping.min(self.message + self.limits.idle)
    }

    /// What is due now. While nothing is read, the client isn't to blame for its silence.
    fn due(&mut self, reads: bool) -> Due {
        let now = Instant::now();
        if !reads {
            (self.message, self.heard) = (now, now);
            self.pinged = self.pinged.map(|_| now);
            return Due::Nothing;
        }
        if now >= self.message + self.limits.idle {
            return Due::End("idle for too long");
        }
        match self.pinged {
            Some(pinged) if now >= pinged + self.limits.ping_timeout => Due::End("no answer to a ping"),
            None if now >= self.heard + self.limits.ping => {
                self.pinged = Some(now);
                Due::Ping
            }
            Some(_) | None => Due::Nothing,
        }
    }
}

/// What the client is told of an error of its own making ([RFC 6455 section 7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)).
#[expect(clippy::wildcard_enum_match_arm, reason = "of every other error there is nobody to tell")]
fn reason_of(error: &Error) -> Option<(CloseCode, &'static str)> {
    match error {
        Error::Capacity(_) => Some((CloseCode::Size, "the message is too large")),
        Error::Protocol(_) => Some((CloseCode::Protocol, "a frame is malformed")),
        Error::Utf8(_) => Some((CloseCode::Invalid, "a text is not UTF-8")),
        Error::Io(error) => match error.get_ref()?.downcast_ref::<Excess>()? {
            Excess::Bytes => Some((CloseCode::Size, "the message is too large")),
            Excess::Fragments => Some((CloseCode::Policy, "the message has too many fragments")),
            Excess::Budget => Some((CloseCode::Again, "too many bytes are buffered")),
        },
        _ => None,
    }
}

/// Says why the socket ends.
async fn say<I: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<I>, (code, reason): (CloseCode, &'static str)) {
    drop(timeout(FAREWELL, wire.close(Some(CloseFrame { code, reason: reason.into() }))).await);
}

/// Waits a moment for the client's side of the farewell: a connection that is closed with bytes unread loses what was sent.
async fn answered<I: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<I>) {
    drop(timeout(FAREWELL, async { while let Some(Ok(_)) = wire.next().await {} }).await);
}

/// What a socket's reader keeps. Larger messages get room while they arrive.
const READ: usize = 4 * 1024;
/// What may be unsent at least, however small the messages are: farewells and pongs among it.
const MOST_UNSENT: usize = 64 * 1024;
const FAREWELL: Duration = Duration::from_secs(1);
