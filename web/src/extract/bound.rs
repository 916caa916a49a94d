//! Bounds that hold while a field is read, before its type looks at what came.
//!
//! `#[check(length(…))]` and `#[check(items(…))]` say how much a field may hold at most. A type that normalizes, cleans or parses a text does
//! so while it is read, so a text or a list that can't fit is refused before that.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::check::{Failures, Pointer};
use super::rules::{LONGEST_NAME, say_too_long, say_too_many};

/// How much may be read.
pub trait Bound: Copy {
    /// A deserializer that keeps to the bound.
    type Within<'de, D: Deserializer<'de>>: Deserializer<'de, Error = D::Error>;

    /// Makes a deserializer keep to it.
    fn wrap<'de, D: Deserializer<'de>>(self, from: D) -> Self::Within<'de, D>;

    /// Says where a value that could not be read goes beyond the bound; `false` if it doesn't.
    fn diagnose(self, value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool;
}

/// No bound: the type has its own, or a reason to have none.
#[derive(Clone, Copy, Debug)]
pub struct Unbounded;

/// A text of so many characters, and so of so many bytes, at most.
#[derive(Clone, Copy, Debug)]
pub struct TextOf {
    chars: usize,
    bytes: usize,
}

/// A list or a map of so many items at most, each with a bound of its own.
#[derive(Clone, Copy, Debug)]
pub struct ListOf<I> {
    items: usize,
    each: I,
}

impl TextOf {
    /// So many characters, which never stand in more bytes than these.
    #[must_use]
    pub const fn new(chars: usize, bytes: usize) -> Self {
        Self { chars, bytes }
    }
}

impl<I> ListOf<I> {
    /// So many items of this kind.
    #[must_use]
    pub const fn new(items: usize, each: I) -> Self {
        Self { items, each }
    }
}

impl Bound for Unbounded {
    type Within<'de, D: Deserializer<'de>> = D;

    fn wrap<'de, D: Deserializer<'de>>(self, from: D) -> D {
        from
    }

    fn diagnose(self, _: &Value, _: &mut Pointer, _: &mut Failures) -> bool {
        false
    }
}

impl Bound for TextOf {
    type Within<'de, D: Deserializer<'de>> = Within<D, Self>;

    fn wrap<'de, D: Deserializer<'de>>(self, from: D) -> Within<D, Self> {
        Within { from, most: self }
    }

    fn diagnose(self, value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
        let is_beyond = value.as_str().is_some_and(|text| text.len() > self.bytes);
        if is_beyond {
            say_too_long(self.chars, at, failures);
        }
        is_beyond
    }
}

impl<I: Bound> Bound for ListOf<I> {
    type Within<'de, D: Deserializer<'de>> = Within<D, Self>;

    fn wrap<'de, D: Deserializer<'de>>(self, from: D) -> Within<D, Self> {
        Within { from, most: self }
    }

    fn diagnose(self, value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool {
        let count = value.as_array().map_or_else(|| value.as_object().map_or(0, serde_json::Map::len), Vec::len);
        if count > self.items {
            say_too_many(self.items, at, failures);
            return true;
        }
        let items = value.as_array().into_iter().flatten().enumerate();
        items.fold(false, |before, (index, item)| at.step(index, |at| self.each.diagnose(item, at, failures)) || before)
    }
}

/// What a deserializer is held to.
trait Most: Copy {
    type Each: Bound;
    fn text(self) -> usize;
    fn items(self) -> usize;
    fn name(self) -> usize;
    fn each(self) -> Self::Each;
}

impl Most for TextOf {
    type Each = Unbounded;
    fn text(self) -> usize {
        self.bytes
    }
    fn items(self) -> usize {
        usize::MAX
    }
    fn name(self) -> usize {
        usize::MAX
    }
    fn each(self) -> Unbounded {
        Unbounded
    }
}

impl<I: Bound> Most for ListOf<I> {
    type Each = I;
    fn text(self) -> usize {
        usize::MAX
    }
    fn items(self) -> usize {
        self.items
    }
    fn name(self) -> usize {
        4 * LONGEST_NAME
    }
    fn each(self) -> I {
        self.each
    }
}

/// A deserializer, a visitor, a list or an item of one, held to a bound.
#[derive(Clone, Copy, Debug)]
pub struct Within<D, M> {
    from: D,
    most: M,
}

/// The items of a list or a map, of which so many may still come.
struct Items<A, M> {
    from: A,
    most: M,
    left: usize,
}

macro_rules! deserialize {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self $(, $name: $type)*, visitor: V) -> Result<V::Value, D::Error> {
            self.from.$method($($name,)* Within { from: visitor, most: self.most })
        }
    )*};
}

impl<'de, D: Deserializer<'de>, M: Most> Deserializer<'de> for Within<D, M> {
    type Error = D::Error;

    deserialize! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128() deserialize_f32() deserialize_f64()
        deserialize_char() deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf() deserialize_option()
        deserialize_unit() deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str) deserialize_seq()
        deserialize_tuple(length: usize) deserialize_tuple_struct(name: &'static str, length: usize) deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) deserialize_identifier() deserialize_ignored_any()
    }

    fn is_human_readable(&self) -> bool {
        self.from.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.from.$method(value)
        }
    )*};
}

macro_rules! visit_text {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            if value.len() > self.most.text() {
                return Err(E::custom(BEYOND));
            }
            self.from.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>, M: Most> Visitor<'de> for Within<V, M> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.from.expecting(formatter)
    }

    visit! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64) visit_char(char)
    }

    visit_text! {
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String) visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8])
        visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.from.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.from.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.from.visit_some(Within { from, most: self.most })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.from.visit_newtype_struct(Within { from, most: self.most })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.from.visit_seq(Items { from, most: self.most, left: self.most.items() })
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.from.visit_map(Items { from, most: self.most, left: self.most.items() })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.from.visit_enum(from)
    }
}

impl<'de, A: SeqAccess<'de>, M: Most> SeqAccess<'de> for Items<A, M> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return if self.from.next_element::<IgnoredAny>()?.is_none() { Ok(None) } else { Err(A::Error::custom(BEYOND)) };
        };
        self.left = left;
        self.from.next_element_seed(Within { from: seed, most: self.most.each() })
    }

    fn size_hint(&self) -> Option<usize> {
        self.from.size_hint().map(|hint| hint.min(self.left))
    }
}

impl<'de, A: MapAccess<'de>, M: Most> MapAccess<'de> for Items<A, M> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return if self.from.next_key::<IgnoredAny>()?.is_none() { Ok(None) } else { Err(A::Error::custom(BEYOND)) };
        };
        self.left = left;
        self.from.next_key_seed(Within { from: seed, most: TextOf::new(LONGEST_NAME, self.most.name()) })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.from.next_value_seed(Within { from: seed, most: self.most.each() })
    }

    fn size_hint(&self) -> Option<usize> {
        self.from.size_hint().map(|hint| hint.min(self.left))
    }
}

impl<'de, S: DeserializeSeed<'de>, B: Bound> DeserializeSeed<'de> for Within<S, B> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.from.deserialize(self.most.wrap(from))
    }
}

const BEYOND: &str = "more than is allowed";
