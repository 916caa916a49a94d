//! Requests and answers of the routes: thin, every decision is the service's.

mod came;
pub(crate) use came::{Came, SameOrigin};
mod cookie;
pub(crate) mod inputs;
pub(crate) mod outputs;
pub(crate) use cookie::SignedOut;
mod link_code;
pub(crate) use link_code::{LinkCodes, LinkPage};
pub(crate) mod admin;
pub(crate) mod documents;
pub(crate) mod own;
pub(crate) mod pages;
mod problems;
pub(crate) mod token;
