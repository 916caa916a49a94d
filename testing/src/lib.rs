//! Test kit: an application in this process, callers that speak HTTPS to it, and checks of one line each.
//!
//! Everything here speaks as a caller would: over a real socket, through the public interface. Helpers fail loudly, as tests do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "helpers of tests fail loudly, as tests do"
)]

mod app;
pub use app::{TestApp, World};
mod caller;
pub use caller::{Answer, Caller};
mod matrix;
pub use matrix::check_matrix;
mod uniformity;
pub use uniformity::check_uniform;

pub use portcullis_testing_postgres::{Backend, selected};
