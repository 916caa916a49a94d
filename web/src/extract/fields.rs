use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::check::{Failures, Pointer, Step};

/// The fields of an input, each by its place: how it is read, checked and diagnosed.
///
/// `#[input]` writes this. What is the same for all inputs stands here once, so that the compiler meets little in every type.
pub trait Fields: Sized + 'static {
    /// What was read so far, field by field.
    type Draft;
    /// References to what there is of the fields.
    type View<'a>;
    /// The names as they stand in JSON, in a query, a form or a path.
    const FIELDS: &'static [&'static str];
    /// The places of fields that need not be there.
    const DEFAULTS: &'static [usize];
    /// Nothing read.
    const EMPTY: Self::Draft;

    /// Reads one field.
    ///
    /// # Errors
    /// Whatever its type finds wrong.
    fn read_at<'de, D: Deserializer<'de>>(place: usize, draft: &mut Self::Draft, from: D) -> Result<(), D::Error>;

    /// Makes the input of its fields, when each was read or has a default.
    ///
    /// # Errors
    /// When one wasn't.
    fn finish<E: Error>(draft: Self::Draft) -> Result<Self, E>;

    /// All fields.
    fn view(&self) -> Self::View<'_>;

    /// Those that were read.
    fn seen(draft: &Self::Draft) -> Self::View<'_>;

    /// Runs the checks of one field, if it is there.
    fn check_at(place: usize, view: &Self::View<'_>, at: &mut Pointer, failures: &mut Failures);

    /// Finds the failing fields inside one that could not be read; `false` when it has none of its own.
    fn diagnose_at(place: usize, value: &Value, at: &mut Pointer, failures: &mut Failures) -> bool;
}

/// Reads an input from an object, never from a list: each field once, no other.
///
/// # Errors
/// Whatever is wrong first.
pub fn read<'de, T: Fields, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_struct("", T::FIELDS, Object(PhantomData))
}

/// Runs the checks of every field.
pub(super) fn check<T: Fields>(input: &T, at: &mut Pointer, failures: &mut Failures) {
    let view = input.view();
    for (place, name) in T::FIELDS.iter().enumerate() {
        at.step(*name, |at| T::check_at(place, &view, at, failures));
    }
}

/// Looks at every field of a value that could not be read: missing, unknown, of the wrong type, or failing its checks.
pub(super) fn diagnose<T: Fields>(value: &Value, at: &mut Pointer, failures: &mut Failures) {
    let Some(object) = value.as_object() else {
        return failures.add(at, "wrong_type", "An object is expected here.");
    };
    unknown_fields(object, T::FIELDS, at, failures);
    let mut draft = T::EMPTY;
    for (place, name) in T::FIELDS.iter().enumerate() {
        at.step(*name, |at| match object.get(*name) {
            None if T::DEFAULTS.contains(&place) => {}
            None => {
                if T::read_at(place, &mut draft, Missing::<serde::de::value::Error>::default()).is_err() {
                    failures.add(at, "required", "This field is required.");
                }
            }
            Some(value) => match T::read_at(place, &mut draft, value) {
                Ok(()) => T::check_at(place, &T::seen(&draft), at, failures),
                Err(_) => failures
                    .deeper(at, "This field has the wrong type or format.", |at, failures| T::diagnose_at(place, value, at, failures)),
            },
        });
    }
}

/// Reports every field that the type doesn't know.
fn unknown_fields(object: &Map<String, Value>, known: &[&str], at: &mut Pointer, failures: &mut Failures) {
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        at.step(Step::named(name), |at| failures.add(at, "unknown_field", "This field is not known."));
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let (mut draft, mut found) = (T::EMPTY, 0_u128);
        while let Some(place) = map.next_key_seed(Name(T::FIELDS))? {
            if found >> place & 1 == 1 {
                return Err(A::Error::custom("a field stands twice"));
            }
            found |= 1 << place;
            map.next_value_seed(Field::<T> { place, draft: &mut draft })?;
        }
        let missing = (0..T::FIELDS.len()).filter(|place| found >> place & 1 == 0 && !T::DEFAULTS.contains(place));
        for place in missing {
            T::read_at(place, &mut draft, Missing::default())?;
        }
        T::finish(draft)
    }
}

/// The name of a field, as its place.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        self.0.iter().position(|own| *own == name).ok_or_else(|| E::custom("a field is not known"))
    }
}

struct Field<'a, T: Fields> {
    place: usize,
    draft: &'a mut T::Draft,
}

impl<'de, T: Fields> DeserializeSeed<'de> for Field<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        T::read_at(self.place, self.draft, from)
    }
}

/// What a field is read from that isn't there: an `Option` reads nothing from it, everything else fails.
struct Missing<E>(PhantomData<E>);

impl<E> Default for Missing<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, E: Error> Deserializer<'de> for Missing<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
        Err(E::custom("a field is missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
