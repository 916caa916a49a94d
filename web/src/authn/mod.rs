//! Who is it: from a credential in the request's head to a [`Principal`](portcullis_core::Principal).

mod authority;
pub use authority::{Authority, Credential, Rejection};
