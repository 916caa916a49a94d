//! Rules about the repository itself: what `ARCHITECTURE.md` and `CONTRIBUTING.md` say must hold, where reading files can tell.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly, as tests do")]

mod crates;
mod files;
mod gate;
mod incidents;
mod length;
mod links;
mod words;
