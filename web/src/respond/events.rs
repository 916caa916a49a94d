use std::convert::Infallible;
use std::fmt;

use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _};

use super::answer::Answer;
use super::output::Output;
use crate::app::{OperationDoc, Spawner};

/// Server-sent events ([WHATWG HTML](https://html.spec.whatwg.org/multipage/server-sent-events.html)); the stream ends when the service shuts down.
pub struct Events(Response);

/// One server-sent event.
#[derive(Debug)]
pub struct Event(axum::response::sse::Event);

impl Event {
    /// An event whose data is this value as JSON; an empty comment when the value has no JSON.
    #[must_use]
    pub fn json(value: &impl Output) -> Self {
        let event = axum::response::sse::Event::default();
        Self(serde_json::to_string(value).map_or_else(|_| event.clone().comment("no JSON"), |json| event.clone().data(json)))
    }

    /// Names the event.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self(self.0.event(name))
    }
}

impl Events {
    /// Streams these events until they or the service end.
    #[must_use]
    pub fn new(spawner: &Spawner, events: impl Stream<Item = Event> + Send + 'static) -> Self {
        let events = events.map(|event| Ok::<_, Infallible>(event.0)).take_until(spawner.shutdown_begins());
        Self(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

#[diagnostic::do_not_recommend]
impl Answer for Events {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.text_response(200, "A stream of events.", "text/event-stream");
    }

    fn into_answer(self) -> Response {
        self.0
    }
}
