use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::ws::{CloseFrame, Message};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{self, protocol};
use tokio_util::sync::PollSender;

/// An open WebSocket: messages one by one. Pings, pongs and the closing handshake are taken care of.
///
/// It is a stream and a sink of messages too, so that it can be split.
pub struct Socket {
    received: mpsc::Receiver<Result<Message, axum::Error>>,
    sending: PollSender<Message>,
}

impl Socket {
    pub(super) fn new(received: mpsc::Receiver<Result<Message, axum::Error>>, sending: mpsc::Sender<Message>) -> Self {
        Self { received, sending: PollSender::new(sending) }
    }

    /// The next text or binary message; `None` when the socket has ended.
    pub async fn recv(&mut self) -> Option<Result<Message, axum::Error>> {
        self.received.recv().await
    }

    /// Sends a message; waits while the one before it is being sent.
    ///
    /// # Errors
    /// When the socket has ended.
    pub async fn send(&mut self, message: Message) -> Result<(), axum::Error> {
        match self.sending.get_ref() {
            Some(sending) => sending.send(message).await.map_err(|_| ended()),
            None => Err(ended()),
        }
    }
}

impl Stream for Socket {
    type Item = Result<Message, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.received.poll_recv(context)
    }
}

impl Sink<Message> for Socket {
    type Error = axum::Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(ready!(self.sending.poll_reserve(context)).map_err(|_| ended()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        self.sending.send_item(message).map_err(|_| ended())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sending.close();
        Poll::Ready(Ok(()))
    }
}

/// A text or binary message; it keeps no more memory than its own bytes.
pub(super) fn received(message: &tungstenite::Message) -> Option<Message> {
    match message {
        tungstenite::Message::Text(text) => Some(Message::Text(text.as_str().to_owned().into())),
        tungstenite::Message::Binary(bytes) => Some(Message::Binary(Bytes::copy_from_slice(bytes))),
        tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_) | tungstenite::Message::Close(_) | tungstenite::Message::Frame(_) => {
            None
        }
    }
}

pub(super) fn to_send(message: Message) -> tungstenite::Message {
    match message {
        Message::Text(text) => tungstenite::Message::text(text.as_str()),
        Message::Binary(bytes) => tungstenite::Message::Binary(bytes),
        Message::Ping(bytes) => tungstenite::Message::Ping(bytes),
        Message::Pong(bytes) => tungstenite::Message::Pong(bytes),
        Message::Close(frame) => tungstenite::Message::Close(
            frame.map(|CloseFrame { code, reason }| protocol::CloseFrame { code: code.into(), reason: reason.as_str().into() }),
        ),
    }
}

fn ended() -> axum::Error {
    axum::Error::new(io::Error::from(io::ErrorKind::NotConnected))
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket")
    }
}
