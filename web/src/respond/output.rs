use std::collections::{BTreeMap, HashMap};

use portcullis_core::{Id, Timestamp};
pub use schemars::JsonSchema;
pub use serde::Serialize;

use crate::seal::OutputSeal;

/// A type whose values may leave the service. Made by `#[output]`, which demands it of every field.
///
/// Secrets, password hashes and errors of the inside don't have it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not leave the service",
    label = "not an output",
    note = "put `#[output]` on types that are meant for clients; secrets, password hashes and internal errors never are"
)]
pub trait Output: Serialize + JsonSchema + OutputSeal {}

macro_rules! outputs {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Output for $type {}
    )*};
}
outputs!(bool, char, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, str, String, (), Id, Timestamp);

impl<T: Output + ?Sized> Output for &T {}
impl<T: Output + ?Sized> Output for Box<T> {}
impl<T: Output> Output for Option<T> {}
impl<T: Output> Output for Vec<T> {}
impl<T: Output> Output for [T] {}
impl<T: Output, const N: usize> Output for [T; N] where Self: Serialize + JsonSchema {}
impl<T: Output> Output for BTreeMap<String, T> {}
impl<T: Output, H> Output for HashMap<String, T, H> {}
