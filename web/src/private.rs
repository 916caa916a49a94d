//! What the macros emit calls of. Not part of the public interface.

pub use std::boxed::Box;
use std::sync::OnceLock;

pub use portcullis_core::policy::Rule;
pub use portcullis_core::{RoleEntry, RoleKind};
pub use portcullis_store::{Record, Row, StoreError};
pub use schemars;
pub use serde;

pub use crate::app::{CallFuture, Class, Endpoint, Mountable, OperationDoc, Registered, Verb, checks};
pub use crate::authz::{Guard, GuardType, KeyOf};
pub use crate::extract::{
    Argument, ArgumentSpec, Bound, Call, CheckField, Failures, Fields, Input, ItemCount, Kind, ListOf, Need, Nothing, PerRequest, Pointer,
    ProvidedBy, Provider, TextOf, Unbounded, diagnose_items, provided, read, rules, specify,
};
pub use crate::probe::{Fallback, FieldFallback, OutputFallback, Probe};
pub use crate::respond::{Answer, Output, Problem};

/// An alias, so that the compiler goes on calling the type by its own name.
pub type Value = serde_json::Value;

/// A regular expression that is compiled once.
pub type Pattern = OnceLock<Option<regex::Regex>>;

pub fn refuse(problem: Problem) -> crate::Response {
    problem.into_answer()
}

pub fn describe<T: Answer>(operation: &mut OperationDoc<'_>) {
    T::describe(operation);
}

/// The endpoint of a handler whose attribute has a mistake: it never gets past the compiler.
pub static STUB: Endpoint = Endpoint::builder(Verb::Get, "/", "stub")
    .access(Guard::rule(Rule::Authenticated))
    .handler(&[], describe::<Problem>, |_| Box::pin(async { refuse(Problem::not_found()) }))
    .build_checked_elsewhere();

/// Reads a field of an input.
///
/// # Errors
/// Whatever its type finds wrong.
pub fn put<'de, T: serde::de::DeserializeOwned, D: serde::Deserializer<'de>>(field: &mut Option<T>, from: D) -> Result<(), D::Error> {
    Probe::put(field, from)
}

/// A field of an input that was read.
///
/// # Errors
/// When it wasn't.
pub fn taken<T, E: serde::de::Error>(field: Option<T>) -> Result<T, E> {
    field.ok_or_else(|| E::custom("a field is missing"))
}

/// Writes a field of an output.
///
/// # Errors
/// Whatever the serializer answers.
pub fn write<T: Output + ?Sized, S: serde::ser::SerializeStruct>(to: &mut S, name: &'static str, value: &T) -> Result<(), S::Error> {
    to.serialize_field(name, value)
}

/// Adds the bounds of a map and the constraints of its entries to its schema.
pub fn describe_map(schema: &mut schemars::Schema, (min, max): (usize, usize), entry: &[(&str, Value)]) {
    let object = schema.ensure_object();
    object.insert("minProperties".to_owned(), min.into());
    object.insert("maxProperties".to_owned(), max.into());
    object.insert("propertyNames".to_owned(), serde_json::json!({"maxLength": rules::LONGEST_NAME}));
    if let Some(entries) = object.get_mut("additionalProperties").and_then(Value::as_object_mut) {
        entries.extend(entry.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
}
