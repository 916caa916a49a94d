//! What the macros emit calls of. Not part of the public interface.

pub use std::boxed::Box;
use std::sync::OnceLock;

use portcullis_core::TypeTag;
use portcullis_core::policy::{Access, Rule};
pub use portcullis_core::{PermissionGrant, RoleEntry, RoleKind};
pub use portcullis_store::{Record, Row, StoreError};
pub use schemars;
pub use serde;

pub use crate::app::{CallFuture, Class, Endpoint, Mountable, Registered, Verb, checks};
use crate::app::{EndpointBuilder, NeedsPolicy};
use crate::authz::{Action, Authenticated, Authorized, Resource};
// Only here: an application that could say by hand which role types are one would undo what they keep apart.
pub use crate::authz::key::{JoinKey, Key, KeyOf, Knows};
pub use crate::authz::{Anyone, Guard, GuardType};
pub use crate::extract::{
    Argument, ArgumentSpec, Bound, Call, CheckField, Failures, Fields, Input, ItemCount, Kind, ListOf, Need, Nothing, PerRequest, Pointer,
    ProvidedBy, Provider, TextOf, Unbounded, diagnose_items, provided, read, rules, specify_under,
};
pub use crate::probe::{Fallback, FieldFallback, OutputFallback, Probe};
pub use crate::respond::{Answer, AnswerSpec, Output, Problem, answering};
pub use crate::seal::{AnswerSeal, ArgumentSeal, InputSeal, MeasureSeal, OutputSeal};

/// An alias, so that the compiler goes on calling the type by its own name.
pub type Value = serde_json::Value;

/// A regular expression that is compiled once.
pub type Pattern = OnceLock<Option<regex::Regex>>;

pub fn refuse(problem: Problem) -> crate::Response {
    problem.into_answer()
}

/// The endpoint of a handler whose attribute has a mistake: it never gets past the compiler.
pub static STUB: Endpoint =
    finish(Endpoint::builder(Verb::Get, "/", "stub"), Authenticated.guard().erase(), &[], answering::<Problem>(), |_| {
        Box::pin(async { refuse(Problem::not_found()) })
    });

/// The endpoint of an attribute, which checks its parts itself.
pub const fn finish(
    builder: EndpointBuilder<NeedsPolicy>,
    guard: Guard,
    arguments: &'static [ArgumentSpec],
    answer: AnswerSpec,
    call: fn(Call) -> CallFuture,
) -> Endpoint {
    builder.finish(guard, arguments, answer, call)
}

/// The guard that lets a role and more trusted ones pass.
#[expect(clippy::indexing_slicing, reason = "the derive counts the roles; runs at compile time")]
pub const fn at_least<R: RoleKind + Key>(place: usize) -> Guard<R> {
    let RoleEntry { name: role, rank, .. } = R::ROLES[place];
    Guard::of(Access::of(Rule::AtLeast { role, rank }), None)
}

/// Says that the permissions of an enum are those of an application with these roles.
pub const fn permissions_of<R: RoleKind>() {}

/// The guard that lets callers pass whose role holds a permission of the enum `P`, which is one of the application `K`.
pub const fn permission<P: 'static, K: Key>(name: &'static str) -> Guard<K> {
    Guard::of(Access::of(Rule::Permission(name)), None).with_permission(PermissionGrant { name, kind: TypeTag::of::<P>() })
}

/// What `#[grants(…)]` names: one permission, of the application with these roles or of a module.
///
/// # Panics
/// When it is a role or several conditions; at compile time.
#[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
pub const fn grant<R: RoleKind, K: KeyOf<R>>(guard: &Guard<K>) -> PermissionGrant {
    match (guard.first_permission(), guard.access().rule_at(1)) {
        (Some(permission), None) => permission,
        _ => panic!("a role is granted single permissions: `#[grants(Permission::Publish)]`"),
    }
}

/// An authorized object without its policy, for the test kit.
pub const fn authorized<A: Action, R: Resource>(object: R) -> Authorized<A, R> {
    Authorized::by_gate(object)
}

/// The number of a role type: of its package, its module and file without the machine's own paths, its name and its place.
#[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the indexes are below the lengths")]
pub const fn number(package: Option<&str>, module: &str, file: &str, name: &str, place: (u32, u32)) -> u64 {
    let package = match package {
        Some(package) => package,
        None => "",
    };
    let mut start = 0;
    let file = file.as_bytes();
    let mut at = 0;
    while at < file.len() {
        if matches!(file[at], b'/' | b'\\') {
            start = at + 1;
        }
        at += 1;
    }
    let module = module.as_bytes();
    let mut inner = 0;
    // The first word is the crate, whose name a build may choose.
    while inner < module.len() && module[inner] != b':' {
        inner += 1;
    }
    let mut number = fnv(0xcbf2_9ce4_8422_2325, package.as_bytes(), 0);
    number = fnv(number, module, inner);
    number = fnv(number, file, start);
    number = fnv(number, name.as_bytes(), 0);
    number = fnv(number, &place.0.to_be_bytes(), 0);
    number = fnv(number, &place.1.to_be_bytes(), 0);
    number | 1
}

/// FNV-1a, of the bytes from a place on and of their end.
#[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
const fn fnv(mut number: u64, bytes: &[u8], mut at: usize) -> u64 {
    while at < bytes.len() {
        number = (number ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    (number ^ 0xff).wrapping_mul(0x0100_0000_01b3)
}

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
