use std::borrow::Cow;

use portcullis_core::{Id, Timestamp};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields::{self, Fields};

use crate::respond::FieldError;
use crate::seal::InputSeal;

/// A type that may come from outside: parsed, bounded and checked. Made by `#[input]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a validated input",
    label = "no validation",
    note = "put `#[input]` on the type; JSON of any shape goes into a field of one, with `#[check(unbounded = \"reason\")]`"
)]
pub trait Input: Fields + DeserializeOwned + JsonSchema + Send + InputSeal {
    /// Runs every check and collects every failure.
    fn check(&self, at: &mut Pointer, failures: &mut Failures) {
        fields::check(self, at, failures);
    }

    /// Finds every failing field of a value that could not be parsed.
    fn diagnose(value: &Value, at: &mut Pointer, failures: &mut Failures) {
        fields::diagnose::<Self>(value, at, failures);
    }
}

/// A field type that is bounded and checked by itself.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` has no bound",
    label = "unbounded input",
    note = "say how much may come: `#[check(length(chars, max = 200))]` on a text, `#[check(items(max = 20))]` on a list, or `#[check(unbounded = \"reason\")]`"
)]
pub trait CheckField: DeserializeOwned + InputSeal {
    /// Runs the checks of the type itself.
    fn check_field(&self, at: &mut Pointer, failures: &mut Failures) {
        let _ = (at, failures);
    }

    /// Finds the failing fields inside a value that could not be parsed; `false` when the type has no fields of its own.
    fn diagnose_field(value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
        let _ = (value, at, failures);
        false
    }
}

macro_rules! bounded {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl CheckField for $type {}
    )*};
}
bounded!(bool, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, char, Id, Timestamp);

impl<T: CheckField> CheckField for Option<T> {
    fn check_field(&self, at: &mut Pointer, failures: &mut Failures) {
        if let Some(value) = self {
            value.check_field(at, failures);
        }
    }
    fn diagnose_field(value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
        !value.is_null() && T::diagnose_field(value, at, failures)
    }
}

impl<T: CheckField> CheckField for Box<T> {
    fn check_field(&self, at: &mut Pointer, failures: &mut Failures) {
        (**self).check_field(at, failures);
    }
    fn diagnose_field(value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
        T::diagnose_field(value, at, failures)
    }
}

/// The place in an input, as a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)); written out only when something fails.
#[derive(Clone, Debug, Default)]
pub struct Pointer(Vec<Step>);

/// One step of a [`Pointer`].
#[derive(Clone, Debug)]
pub enum Step {
    /// A field of a type.
    Field(&'static str),
    /// An item of a list.
    Item(usize),
    /// A field or an entry that the client named.
    Named(String),
}

impl Step {
    /// A step that the client named. A name is input too: it is shown only when it is short and plain.
    pub fn named(name: &str) -> Self {
        let is_plain = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        Self::Named(if is_plain { name } else { "?" }.to_owned())
    }
}

impl From<&'static str> for Step {
    fn from(name: &'static str) -> Self {
        Self::Field(name)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Item(index)
    }
}

impl Pointer {
    /// Runs `inside` one step deeper.
    pub fn step<T>(&mut self, step: impl Into<Step>, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step.into());
        let result = inside(self);
        self.0.pop();
        result
    }

    fn write(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            text.push('/');
            match step {
                Step::Field(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Item(index) => text.push_str(&index.to_string()),
                Step::Named(name) => text.push_str(name),
            }
        }
        text
    }
}

/// The failing fields found so far; stops counting at a hundred.
#[derive(Debug, Default)]
pub struct Failures(Vec<FieldError>);

impl Failures {
    /// Adds a failing field. The detail must not hold what was sent.
    pub fn add(&mut self, at: &Pointer, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        if self.0.len() < MAX_FAILURES {
            self.0.push(FieldError { pointer: at.write(), code, detail: detail.into() });
        }
    }

    /// Adds what `look` finds inside a value of the wrong type, or that it has the wrong type.
    pub(super) fn deeper(&mut self, at: &mut Pointer, detail: &'static str, look: impl FnOnce(&mut Pointer, &mut Self) -> bool) {
        let before = self.0.len();
        if !look(at, self) || self.0.len() == before {
            self.add(at, "wrong_type", detail);
        }
    }

    /// The failing fields.
    #[must_use]
    pub fn into_errors(self) -> Vec<FieldError> {
        self.0
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const MAX_FAILURES: usize = 100;

/// Diagnoses the items of a list one by one: those that can't be parsed, and those that fail their checks.
pub fn diagnose_items<T: CheckField>(value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
    let Some(list) = value.as_array() else { return false };
    let before = failures.0.len();
    for (index, item) in list.iter().enumerate() {
        at.step(index, |at| match T::deserialize(item) {
            Ok(parsed) => parsed.check_field(at, failures),
            Err(_) => failures.deeper(at, "This item has the wrong type or format.", |at, failures| T::diagnose_field(item, at, failures)),
        });
    }
    failures.0.len() > before
}
