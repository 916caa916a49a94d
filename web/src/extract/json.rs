use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::argument::{Argument, Kind, Nothing};
use super::body::read_body;
use super::call::Call;
use super::check::{Failures, Input, Pointer};
use crate::app::OperationDoc;
use crate::respond::Problem;

/// JSON of any shape: a field of an input that holds it says why, with `#[check(unbounded = "reason")]`.
pub type AnyJson = Value;

/// A JSON body that was parsed and checked; as an answer, a JSON body with status 200.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Input> Argument for Json<T> {
    const KIND: Kind = Kind::Body;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.request_body::<T>("application/json");
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.require_content_type("application/json")?;
        let body = read_body(call).await?;
        let limit = call.endpoint.most_body_bytes(call.runtime.limits().body_bytes);
        parse(&body, (limit / BYTES_PER_VALUE).max(LEAST_VALUES)).map(Self)
    }
}

/// Parses and checks; on failure looks again for every failing field.
fn parse<T: Input>(body: &Bytes, most_values: usize) -> Result<T, Problem> {
    refuse_structure(body, most_values)?;
    match serde_json::from_slice::<T>(body) {
        Ok(value) => {
            let mut failures = Failures::default();
            value.check(&mut Pointer::default(), &mut failures);
            if failures.is_empty() { Ok(value) } else { Err(Problem::invalid(failures.into_errors())) }
        }
        Err(error) if error.is_data() => Err(diagnose::<T>(body)),
        Err(_) => Err(malformed()),
    }
}

fn diagnose<T: Input>(body: &Bytes) -> Problem {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return malformed();
    };
    let mut failures = Failures::default();
    let mut at = Pointer::default();
    T::diagnose(&value, &mut at, &mut failures);
    if failures.is_empty() {
        // The parser refused what no single field explains: a field that stands twice, an enum's variant.
        failures.add(&at, "wrong_type", "The value has the wrong type or a repeated field.");
    }
    Problem::invalid(failures.into_errors())
}

/// Refuses deep nesting before any parser recurses into it, and more values than are worth their memory: two bytes can become a hundred.
fn refuse_structure(body: &[u8], most_values: usize) -> Result<(), Problem> {
    let (mut depth, mut values, mut in_text, mut escaped) = (0_u32, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                values += 1;
                if depth > MAX_DEPTH {
                    return Err(Problem::bad_request("too_deep", "The JSON is nested too deeply."));
                }
            }
            b',' if !in_text => values += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if values > most_values {
        return Err(Problem::bad_request("too_many_values", "The JSON holds too many values."));
    }
    Ok(())
}

fn malformed() -> Problem {
    Problem::bad_request("malformed_json", "The body is not well-formed JSON.")
}

impl<T> fmt::Debug for Json<T> {
    /// Never shows what came in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

const MAX_DEPTH: u32 = 32;
/// One value for so many bytes of the endpoint's body limit: 32,768 with the default.
const BYTES_PER_VALUE: usize = 32;
/// Where the body limit is small.
const LEAST_VALUES: usize = 1024;
