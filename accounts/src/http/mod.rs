//! Requests and answers of the routes: thin, every decision is the service's.

mod came;
pub(crate) use came::{Came, SameOrigin};
pub(crate) mod inputs;
pub(crate) mod outputs;
mod cookie;
pub(crate) use cookie::SignedOut;
mod problems;
pub(crate) mod token;
pub(crate) mod own;
pub(crate) mod admin;
pub(crate) mod pages;
pub(crate) mod documents;
