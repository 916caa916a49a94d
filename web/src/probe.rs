use std::future::ready;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serializer};

use crate::app::CallFuture;
use crate::extract::{Argument, Call, CharLength};
use crate::respond::{Answer, Output, Problem};

/// What generated code asks of the types that it was given.
///
/// The functions here demand the trait, those of [`Fallback`] and its like don't, and the compiler takes the latter only where the trait is missing.
/// So a type that is no argument is one error, at the user's own token, and not one for every place that uses it.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

macro_rules! handlers {
    ($($argument:ident $value:ident)*) => {
        impl<R: Answer, $($argument: Argument),*> Probe<fn($($argument),*) -> R> {
            /// Takes the arguments out of the request, what needs only the head first and what reads the body last, and calls the handler.
            pub fn call<H, F>(mut call: Call, handler: H) -> CallFuture
            where
                H: FnOnce($($argument),*) -> F + Send + 'static,
                F: Future<Output = R> + Send,
            {
                Box::pin(async move {
                    let call = &mut call;
                    $(let $value = match from_head::<$argument>(call).await {
                        Ok(value) => value,
                        Err(problem) => return problem.into_answer(),
                    };)*
                    $(let $value = match from_body($value, call).await {
                        Ok(value) => value,
                        Err(problem) => return problem.into_answer(),
                    };)*
                    let _ = call;
                    handler($($value),*).await.into_answer()
                })
            }
        }
    };
}
handlers!();
handlers!(A a);
handlers!(A a B b);
handlers!(A a B b C c);
handlers!(A a B b C c D d);
handlers!(A a B b C c D d E e);
handlers!(A a B b C c D d E e G g);
handlers!(A a B b C c D d E e G g I i);
handlers!(A a B b C c D d E e G g I i J j);
handlers!(A a B b C c D d E e G g I i J j K k);
handlers!(A a B b C c D d E e G g I i J j K k L l);
handlers!(A a B b C c D d E e G g I i J j K k L l M m);
handlers!(A a B b C c D d E e G g I i J j K k L l M m N n);

/// An argument that needs only the head, or nothing yet for one that reads the body.
async fn from_head<T: Argument>(call: &mut Call) -> Result<Option<T>, Problem> {
    if T::KIND.reads_body() { Ok(None) } else { T::extract(call).await.map(Some) }
}

/// The argument, read from the body if it wasn't in the head.
async fn from_body<T: Argument>(value: Option<T>, call: &mut Call) -> Result<T, Problem> {
    match value {
        Some(value) => Ok(value),
        None => T::extract(call).await,
    }
}

/// Stands in where an argument or the answer lacks its trait; such a program doesn't get past the compiler.
pub trait Fallback {
    /// In place of `Probe::call`.
    fn call<H>(_: Call, _: H) -> CallFuture {
        Box::pin(ready(Problem::not_found().into_answer()))
    }
}

impl<T> Fallback for Probe<T> {}

impl<T: DeserializeOwned> Probe<T> {
    /// Reads a field of an input.
    ///
    /// # Errors
    /// Whatever its type finds wrong.
    pub fn put<'de, D: Deserializer<'de>>(field: &mut Option<T>, from: D) -> Result<(), D::Error> {
        *field = Some(T::deserialize(from)?);
        Ok(())
    }
}

impl<T: CharLength> Probe<T> {
    /// The most bytes that can become a text of so many characters.
    #[must_use]
    pub fn text_bytes(chars: usize) -> usize {
        T::most_bytes(chars)
    }
}

/// Stands in where the type of a field can't be read.
pub trait FieldFallback<T> {
    /// In place of [`Probe::text_bytes`].
    fn text_bytes(_: usize) -> usize {
        usize::MAX
    }

    /// In place of [`Probe::put`].
    ///
    /// # Errors
    /// Never.
    fn put<'de, D: Deserializer<'de>>(_: &mut Option<T>, _: D) -> Result<(), D::Error> {
        Ok(())
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
