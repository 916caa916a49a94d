//! Accounts as a caller sees them, without HTTP, on every database that the environment names.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

mod administration;
mod audit_room;
mod authority;
mod commands;
mod guessing;
mod link_pages;
mod links;
mod lives;
mod refresh;
mod routes;
mod session_cap;
mod settling;
mod signing;
mod support;
mod table;
