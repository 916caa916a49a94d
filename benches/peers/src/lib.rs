//! What both Rust peers share: their sockets, their database and the form of their answers.

pub mod headers;
pub mod serve;
pub mod store;
pub mod view;
