//! Accounts as a caller sees them, without HTTP, on every database that the environment names.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

mod support;
mod guessing;
mod lives;
mod refresh;
mod administration;
mod signing;
mod commands;
mod table;
