//! Typed, validated input: what a handler may ask for.
//!
//! Let through: values that were parsed into a type, checked field by field and bounded in size. Refused: unknown fields, wrong types,
//! missing or repeated fields, too much of anything, other content types, other charsets than UTF-8, all with a problem that names the
//! field by JSON Pointer and never echoes what was sent. The deployment provides nothing: the limits stand unless they are changed.

mod argument;
pub use argument::{Argument, ArgumentSpec, Kind, Need, Nothing, specify, specify_under};
mod call;
pub use call::Call;
mod head;
pub use head::{ClientAddr, Headers, RequestId};
mod provider;
pub use provider::{Has, Here, PerRequest, ProvidedBy, Provider, Satisfies, There, provided};
mod measure;
mod object;
pub use measure::{CharLength, ItemCount};
mod check;
pub use check::{CheckField, Failures, Input, Pointer, Step, diagnose_items};
mod bound;
pub use bound::{Bound, ListOf, TextOf, Unbounded, Within};
mod fields;
pub use fields::{Fields, read};
mod json;
pub mod rules;
pub use json::{AnyJson, Json};
mod query;
pub use query::{Form, Path, Query};
mod oauth_form;
pub use oauth_form::OAuthForm;
mod page;
pub use page::PageRequest;
mod body;
mod raw;
pub use raw::RawBody;
mod metered;
pub(crate) use metered::Meter;
mod multipart;
#[cfg(test)]
mod multipart_differential;
mod part_head;
pub(crate) use part_head::is_token_byte;
mod upload;
pub use upload::{MediaType, Upload, UploadRules, UploadedFile};
mod socket;
pub use axum::extract::ws::Message;
pub use socket::{Socket, SocketOpened, WebSocket};
mod foreign;
pub use foreign::{Foreign, Reason};
pub mod types;
