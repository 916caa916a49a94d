use std::fmt;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::response::IntoResponse as _;

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use crate::app::OperationDoc;
use crate::respond::Problem;

/// Why an endpoint takes an axum extractor that Portcullis knows nothing about.
pub trait Reason: Send + Sync + 'static {
    /// The reason, in words; stands in the documentation.
    const REASON: &'static str;
}

/// An axum extractor of the request's head, taken as it is: what it yields is not validated by Portcullis.
pub struct Foreign<T, W> {
    /// What the extractor yielded.
    pub value: T,
    why: PhantomData<fn() -> W>,
}

impl<T: FromRequestParts<()> + Send, W: Reason> Argument for Foreign<T, W> {
    const KIND: Kind = Kind::Head;
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

impl<T, W: Reason> fmt::Debug for Foreign<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Foreign({})", W::REASON)
    }
}
