use std::future::{Ready, ready};
use std::marker::PhantomData;

use serde::Serializer;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Response;
use crate::extract::{Argument, Call, CheckField, Failures, Pointer, field};
use crate::respond::{Answer, Output, Problem};

/// What the code of an endpoint asks of the types of its arguments and its answer.
///
/// The functions here demand the trait, those of [`Fallback`] don't, and the compiler takes the latter only where the trait is missing.
/// So a type that is no argument is one error, at the user's own token, and not one for every place that uses it.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T: Argument> Probe<T> {
    /// An argument that needs only the head, or nothing yet for one that reads the body.
    ///
    /// # Errors
    /// Whatever the argument's extraction answers.
    pub async fn from_head(call: &mut Call) -> Result<Option<T>, Problem> {
        if T::KIND.reads_body() { Ok(None) } else { T::extract(call).await.map(Some) }
    }

    /// The argument, read from the body if it wasn't in the head.
    ///
    /// # Errors
    /// Whatever the argument's extraction answers.
    pub async fn from_body(value: Option<T>, call: &mut Call) -> Result<T, Problem> {
        match value {
            Some(value) => Ok(value),
            None => T::extract(call).await,
        }
    }
}

impl<T: Answer> Probe<T> {
    /// The HTTP response of an answer.
    pub fn answer(answer: T) -> Response {
        answer.into_answer()
    }
}

/// Stands in where a type lacks the trait; such a program doesn't get past the compiler.
pub trait Fallback<T> {
    /// In place of [`Probe::from_head`].
    fn from_head(_: &mut Call) -> Ready<Result<Option<T>, Problem>> {
        ready(Err(Problem::not_found()))
    }

    /// In place of [`Probe::from_body`].
    fn from_body(_: Option<T>, _: &mut Call) -> Ready<Result<T, Problem>> {
        ready(Err(Problem::not_found()))
    }

    /// In place of [`Probe::answer`].
    fn answer(_: T) -> Response {
        Problem::not_found().into_answer()
    }
}

impl<T> Fallback<T> for Probe<T> {}

impl<T: DeserializeOwned> Probe<T> {
    /// Diagnoses one field of an object.
    pub fn field(
        object: &Map<String, Value>,
        name: &'static str,
        place: (&mut Pointer, &mut Failures),
        deeper: impl FnOnce(&Value, &mut Pointer, &mut Failures) -> bool,
        check: impl FnOnce(&T, &mut Pointer, &mut Failures),
    ) {
        field(object, name, place, deeper, check);
    }
}

/// Stands in where the type of a field can't be read.
pub trait FieldFallback<T> {
    /// In place of [`Probe::field`].
    fn field(
        _: &Map<String, Value>,
        _: &'static str,
        _: (&mut Pointer, &mut Failures),
        _: impl FnOnce(&Value, &mut Pointer, &mut Failures) -> bool,
        _: impl FnOnce(&T, &mut Pointer, &mut Failures),
    ) {
    }
}

impl<T> FieldFallback<T> for Probe<T> {}

impl<T: Output> Probe<T> {
    /// Writes a field of an output.
    ///
    /// # Errors
    /// Whatever the serializer answers.
    pub fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

/// Stands in where the type of a field is no output.
pub trait OutputFallback<T> {
    /// In place of [`Probe::serialize`].
    ///
    /// # Errors
    /// Never.
    fn serialize<S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<T> OutputFallback<T> for Probe<T> {}

/// [`CheckField`] over any lifetime, which the compiler believes until it is used.
///
/// `#[input]` lets the code that it derives take for granted that a field is one; whether it is, is asked once, at the field itself.
pub trait AssumedField<'any>: CheckField {}
impl<T: CheckField> AssumedField<'_> for T {}
