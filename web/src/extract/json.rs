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
        parse(&body).map(Self)
    }
}

/// Parses and checks; on failure looks again for every failing field.
fn parse<T: Input>(body: &Bytes) -> Result<T, Problem> {
    refuse_depth(body)?;
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

/// Refuses deep nesting before any parser recurses into it.
fn refuse_depth(body: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Problem::bad_request("too_deep", "The JSON is nested too deeply."));
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
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
