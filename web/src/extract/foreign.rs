use std::fmt;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::app::OperationDoc;
use crate::respond::{Answer, Problem};

/// Why an endpoint takes or answers something of axum that Portcullis knows nothing about.
pub trait Reason: Send + Sync + 'static {
    /// The reason, in words; stands in the access matrix and in the documentation.
    const REASON: &'static str;
}

/// An axum extractor of the request's head, taken as it is, or a response of axum, sent as it is: Portcullis validates neither.
pub struct Foreign<T, W> {
    /// What the extractor yielded, or what is answered.
    pub value: T,
    why: PhantomData<fn() -> W>,
}

impl<T: FromRequestParts<()> + Send, W: Reason> Argument for Foreign<T, W> {
    const KIND: Kind = Kind::Head;
    const REASON: Option<&'static str> = Some(W::REASON);
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.note(format!("Takes an unvalidated part of the request: {}", W::REASON));
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        match T::from_request_parts(&mut call.parts, &()).await {
            Ok(value) => Ok(Self { value, why: PhantomData }),
            Err(rejection) => {
                let status = rejection.into_response().status();
                Err(if status.is_server_error() {
                    Problem::internal("an axum extractor failed")
                } else {
                    Problem::new(status, "refused", "The request was refused.")
                })
            }
        }
    }
}

impl<T, W: Reason> Foreign<T, W> {
    /// An answer that axum makes a response of.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { value, why: PhantomData }
    }
}

impl<T: IntoResponse, W: Reason> Answer for Foreign<T, W> {
    const REASON: Option<&'static str> = Some(W::REASON);

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.note(format!("Answers something that nobody checked: {}", W::REASON));
        operation.response(200, serde_json::json!({"description": "What the application answers by itself."}));
    }

    fn into_answer(self) -> Response {
        self.value.into_response()
    }
}

impl<T, W: Reason> fmt::Debug for Foreign<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Foreign({})", W::REASON)
    }
}
