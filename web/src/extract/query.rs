use std::fmt;

use serde_json::{Map, Value};

use super::argument::{Argument, Kind, Nothing};
use super::body::read_body;
use super::call::Call;
use super::check::{Failures, Input, Pointer};
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
    refuse_pairs(encoded)?;
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
    let mut repeated = Failures::default();
    let (mut texts, mut readings) = (Map::new(), Map::new());
    for (name, value) in pairs {
        if let Some(field) = T::FIELDS.iter().find(|field| texts.contains_key(&name) && **field == name) {
            Pointer::default().step(*field, |at| repeated.add(at, "repeated", "This field stands more than once."));
        }
        let reading = serde_json::from_str::<Value>(&value).ok().filter(|value| value.is_number() || value.is_boolean());
        readings.insert(name.clone(), reading.unwrap_or_else(|| Value::String(value.clone())));
        texts.insert(name, Value::String(value));
    }
    let mut errors = repeated.into_errors();
    let mut failing = failing_both::<T>(texts, readings);
    // Which of its values would fail is of no use to anybody.
    failing.retain(|error| errors.iter().all(|repeated| repeated.pointer != error.pointer));
    errors.extend(failing);
    if errors.is_empty() {
        errors.push(FieldError { pointer: String::new(), code: "wrong_type", detail: "The fields could not be read.".into() });
    }
    Problem::invalid(errors)
}

/// The text of a field may stand for a number or a truth value: a field fails when neither reading of it passes.
fn failing_both<T: Input>(texts: Map<String, Value>, readings: Map<String, Value>) -> Vec<FieldError> {
    let diagnose = |object| {
        let mut failures = Failures::default();
        T::diagnose(&Value::Object(object), &mut Pointer::default(), &mut failures);
        failures.into_errors()
    };
    let (mut as_text, as_reading) = (diagnose(texts), diagnose(readings));
    as_text.retain(|error| as_reading.iter().any(|other| other.pointer == error.pointer));
    for error in &mut as_text {
        // Whichever reading has the right type says what is wrong.
        let better = as_reading.iter().find(|other| other.pointer == error.pointer && other.code != "wrong_type");
        if let Some(better) = better.filter(|_| error.code == "wrong_type") {
            error.clone_from(better);
        }
    }
    as_text
}

/// Counts pairs before any is decoded: an input has at most 128 fields.
pub(super) fn refuse_pairs(encoded: &[u8]) -> Result<(), Problem> {
    if memchr::memchr_iter(b'&', encoded).count() >= MOST_PAIRS {
        return Err(Problem::bad_request("too_many_fields", "There are too many fields."));
    }
    Ok(())
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

/// Of a query or a form, empty ones included.
const MOST_PAIRS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_before_they_are_decoded() {
        let pairs = |count: usize| vec!["a=b"; count].join("&");
        assert!(refuse_pairs(pairs(MOST_PAIRS).as_bytes()).is_ok());
        for many in [pairs(MOST_PAIRS + 1), "&".repeat(MOST_PAIRS), pairs(130_000)] {
            assert_eq!(refuse_pairs(many.as_bytes()).unwrap_err().code(), "too_many_fields");
        }
    }
}
