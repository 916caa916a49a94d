//! What the compiler must refuse, and what it must take.
//!
//! Every file of `cases/` is a stranger's program with one mistake, its `.stderr` what the compiler says about it. Every file of `passes/`
//! is the same program with the mistake mended. After a deliberate change of a message: `TRYBUILD=overwrite cargo test -p
//! portcullis-compile-tests`, and read the difference.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly, as tests do")]

mod files;
mod messages;
mod promises;
mod refused;

#[path = "../../passes/mod.rs"]
#[expect(dead_code, reason = "it is enough that they compile")]
mod passes;
