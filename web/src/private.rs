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
    Argument, ArgumentSpec, Call, CheckField, Failures, Input, ItemCount, Kind, Need, Nothing, PerRequest, Pointer, ProvidedBy, Provider,
    diagnose_items, into_object, provided, rules, specify, unknown_fields,
};
pub use crate::probe::{AssumedField, Fallback, FieldFallback, OutputFallback, Probe};
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

/// A deserializer that reads structs from objects only, never from lists.
#[derive(Debug)]
pub struct ObjectOnly<D>(pub D);

impl<'de, D: serde::Deserializer<'de>> serde::Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, MapVisitor(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

struct MapVisitor<V>(V);

impl<'de, V: serde::de::Visitor<'de>> serde::de::Visitor<'de> for MapVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}
