//! What the macros emit calls of. Not part of the public interface.
#![expect(missing_docs, reason = "named by generated code only")]

pub use std::boxed::Box;
use std::sync::OnceLock;

pub use portcullis_core::policy::Rule;
pub use portcullis_core::{RoleEntry, RoleKind};
pub use portcullis_store::{Record, Row, StoreError};
pub use schemars;
pub use serde;
pub use serde_json::Value;

pub use crate::app::{CallFuture, Class, Endpoint, Mountable, OperationDoc, Registered, Verb, checks};
pub use crate::authz::{Guard, KeyOf};
pub use crate::extract::{
    Argument, ArgumentSpec, Call, CheckField, Failures, Input, ItemCount, Kind, Need, Nothing, PerRequest, Pointer, Provider, Satisfies,
    diagnose_items, field, into_object, provided, rules, specify, unknown_fields,
};
pub use crate::respond::{Answer, Output, Problem};

/// A regular expression that is compiled once.
pub type Pattern = OnceLock<Option<regex::Regex>>;

/// An argument that needs only the head, or nothing yet for one that reads the body.
///
/// # Errors
/// Whatever the argument's extraction answers.
pub async fn from_head<T: Argument>(call: &mut Call) -> Result<Option<T>, Problem> {
    if T::KIND.reads_body() { Ok(None) } else { T::extract(call).await.map(Some) }
}

/// The argument, read from the body if it wasn't in the head.
///
/// # Errors
/// Whatever the argument's extraction answers.
pub async fn from_body<T: Argument>(value: Option<T>, call: &mut Call) -> Result<T, Problem> {
    match value {
        Some(value) => Ok(value),
        None => T::extract(call).await,
    }
}

pub fn refuse(problem: Problem) -> crate::Response {
    problem.into_answer()
}

pub fn answer<T: Answer>(answer: T) -> crate::Response {
    answer.into_answer()
}

pub fn describe<T: Answer>(operation: &mut OperationDoc<'_>) {
    T::describe(operation);
}

/// The endpoint of a handler whose attribute has a mistake: it never gets past the compiler.
pub static STUB: Endpoint = Endpoint::builder(Verb::Get, "/", "stub")
    .access(Guard::rule(Rule::Authenticated))
    .handler(&[], describe::<Problem>, |_| Box::pin(async { refuse(Problem::not_found()) }))
    .build_checked_elsewhere();
