//! The program that measures, as it is called.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arguments;
mod headers;
