//! Which types implement the framework's own traits: its own, and those that an attribute or a derive makes.
//!
//! What these traits promise (checked input, answers without secrets, arguments that fit the policy) is only as good as their
//! implementations. So each of them demands a seal that nothing outside implements by hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use portcullis_core::{Clock, Id, Principal, Secret, Timestamp};
use portcullis_store::Database;

use crate::app::{Runtime, Spawner};
use crate::authz::{Authorized, Scoped};
use crate::extract::types::{Email, PlainText, RichText, Slug, WebUrl};
use crate::extract::{
    ClientAddr, Foreign, Form, Headers, Json, OAuthForm, PageRequest, Path, Query, RawBody, RequestId, SocketOpened, Upload, WebSocket,
};
use crate::respond::{Created, Download, Events, Html, NoContent, Page, Problem, SeeOther, Text};

/// Demanded of every [`Output`](crate::respond::Output).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made an output by hand",
    label = "not made by `#[output]`",
    note = "put `#[output]` on the type, or send a type that has it"
)]
pub trait OutputSeal {}

/// Demanded of every [`Input`](crate::extract::Input) and [`CheckField`](crate::extract::CheckField).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made an input by hand",
    label = "not made by `#[input]`",
    note = "put `#[input]` on the type; where a type bounds itself, say so at the field that has it: `#[check(unbounded = \"why\")]`"
)]
pub trait InputSeal {}

/// Demanded of everything whose length or items can be counted.
#[diagnostic::on_unimplemented(
    message = "the length of `{Self}` can't be counted by hand",
    label = "not a text or a list of the framework",
    note = "take a `String` or a list and convert it, or say at the field `#[check(unbounded = \"why\")]`"
)]
pub trait MeasureSeal {}

/// Demanded of every [`Argument`](crate::extract::Argument).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made an argument by hand",
    label = "not made by `#[derive(Provider)]`",
    note = "a value of the application, or one made for each request, needs `#[derive(Provider)]`; an axum extractor goes into `Foreign` with a reason"
)]
pub trait ArgumentSeal {}

/// Demanded of every [`Answer`](crate::respond::Answer).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made an answer by hand",
    label = "not an answer of the framework",
    note = "answer `Json<T>` with a type that has `#[output]`; a response of axum goes into `Foreign` with a reason"
)]
pub trait AnswerSeal {}

macro_rules! seal {
    ($($seal:ident: $($type:ty),*;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl $seal for $type {}
    )*)*};
}

seal! {
    OutputSeal: bool, char, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, str, String, (), Id, Timestamp;
    OutputSeal: Email, PlainText, RichText, Slug, WebUrl;
    InputSeal: bool, char, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, Id, Timestamp, Email, Slug, WebUrl;
    MeasureSeal: String, Secret, PlainText, RichText;
    ArgumentSeal: Database, Clock, Spawner, Arc<Runtime>, Option<Principal>, Principal, Headers, ClientAddr, RequestId, PageRequest;
    ArgumentSeal: RawBody, OAuthForm, WebSocket;
    AnswerSeal: NoContent, Html, Text, SeeOther, Problem, Download, Events, SocketOpened;
}

macro_rules! seal_generic {
    ($([$($parameter:ident),*] $seal:ident for $type:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($parameter),*> $seal for $type {}
    )*};
}

seal_generic! {
    [T] OutputSeal for Option<T>;
    [T] OutputSeal for Vec<T>;
    [T] OutputSeal for [T];
    [T] OutputSeal for BTreeMap<String, T>;
    [T, H] OutputSeal for HashMap<String, T, H>;
    [T] InputSeal for Option<T>;
    [T] InputSeal for Box<T>;
    [T] MeasureSeal for Option<T>;
    [T] MeasureSeal for Vec<T>;
    [T] MeasureSeal for BTreeMap<String, T>;
    [T, H] MeasureSeal for HashMap<String, T, H>;
    [T] ArgumentSeal for Json<T>;
    [T] ArgumentSeal for Form<T>;
    [T] ArgumentSeal for Query<T>;
    [T] ArgumentSeal for Path<T>;
    [T] ArgumentSeal for Upload<T>;
    [T] ArgumentSeal for Scoped<T>;
    [A, R] ArgumentSeal for Authorized<A, R>;
    [A, R] ArgumentSeal for Foreign<A, R>;
    [T] AnswerSeal for Json<T>;
    [T] AnswerSeal for Created<T>;
    [T] AnswerSeal for Page<T>;
    [T, E] AnswerSeal for Result<T, E>;
    [T, E] AnswerSeal for Foreign<T, E>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> OutputSeal for &T {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized> OutputSeal for Box<T> {}
#[diagnostic::do_not_recommend]
impl<T, const N: usize> OutputSeal for [T; N] {}
