use std::fmt;

use serde_json::{Map, Value};

use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use super::check::{Failures, Input, Pointer, Step};
use super::raw::read_body;
use crate::app::{OperationDoc, Place};
use crate::respond::{FieldError, Problem};

/// The parameters of the query, parsed and checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// A form body (`application/x-www-form-urlencoded`), parsed and checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Form<T>(pub T);

/// The parameters of the path, parsed and checked. A path that doesn't parse names nothing: 404.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: Input> Argument for Query<T> {
    const KIND: Kind = Kind::Query;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.parameters::<T>(Place::Query);
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        if call.endpoint.takes(Kind::Page) {
            // The list's own parameters stand beside these.
            let own = |part: &&str| !part.starts_with("limit=") && !part.starts_with("cursor=");
            let rest: Vec<&str> = call.query().split('&').filter(own).collect();
            return parse(rest.join("&").as_bytes()).map(Self);
        }
        parse(call.query().as_bytes()).map(Self)
    }
}

impl<T: Input> Argument for Form<T> {
    const KIND: Kind = Kind::Body;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.request_body::<T>("application/x-www-form-urlencoded");
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.require_content_type("application/x-www-form-urlencoded")?;
        let body = read_body(call).await?;
        parse(&body).map(Self)
    }
}

impl<T: Input> Argument for Path<T> {
    const KIND: Kind = Kind::Head;
    const PATH: &'static [&'static str] = T::FIELDS;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.parameters::<T>(Place::Path);
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        let pairs = call.parameters.iter().filter(|(name, _)| T::FIELDS.contains(name));
        let encoded = serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).map_err(|_| Problem::not_found())?;
        parse(encoded.as_bytes()).map(Self).map_err(|_| Problem::not_found())
    }
}

fn parse<T: Input>(encoded: &[u8]) -> Result<T, Problem> {
    refuse_encoding(encoded)?;
    match serde_urlencoded::from_bytes::<T>(encoded) {
        Ok(value) => {
            let mut failures = Failures::default();
            value.check(&mut Pointer::default(), &mut failures);
            if failures.is_empty() { Ok(value) } else { Err(Problem::invalid(failures.into_errors())) }
        }
        Err(_) => Err(diagnose::<T>(encoded)),
    }
}

/// Tries every field by itself: unknown, repeated, missing and unparsable ones are all named.
fn diagnose<T: Input>(encoded: &[u8]) -> Problem {
    let pairs = serde_urlencoded::from_bytes::<Vec<(String, String)>>(encoded).unwrap_or_default();
    let mut failures = Failures::default();
    let mut at = Pointer::default();
    let mut object = Map::new();
    for (name, value) in pairs {
        if object.contains_key(&name) && T::FIELDS.contains(&name.as_str()) {
            at.step(Step::Unknown(name.clone()), |at| failures.add(at, "repeated", "This field stands more than once."));
        }
        // The text may stand for a number or a truth value: whichever reading parses is taken.
        let reading = serde_json::from_str::<Value>(&value).ok().filter(|value| value.is_number() || value.is_boolean());
        object.insert(name, reading.unwrap_or(Value::String(value)));
    }
    T::diagnose(&Value::Object(object), &mut at, &mut failures);
    let mut errors = failures.into_errors();
    if errors.is_empty() {
        errors.push(FieldError { pointer: String::new(), code: "wrong_type", detail: "The fields could not be read.".into() });
    }
    Problem::invalid(errors)
}

/// Percent-encoded octets must be UTF-8, and nothing may be cut short.
fn refuse_encoding(encoded: &[u8]) -> Result<(), Problem> {
    let decoded = percent_encoding::percent_decode(encoded);
    decoded.decode_utf8().map(|_| ()).map_err(|_| Problem::bad_request("malformed_encoding", "The fields are not UTF-8."))
}

macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl<T> fmt::Debug for $name<T> {
            /// Never shows what came in.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent_debug!(Query, Form, Path);
