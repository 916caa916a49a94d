//! Passwords: the policy for new ones, Argon2id hashes, and the threads that compute them.
//!
//! Let through: any text of 15 to 256 code points, as it was received, whatever it is made of. Refused: what stands on the list of
//! common passwords, repeats one short text, or equals the account's own name, address or the service's name
//! ([NIST SP 800-63B-4](https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver)). Hashing is bounded: a fixed number of threads, a
//! queue that serves clients in turn, and a prompt [`Busy`] for the surplus. The deployment provides memory for
//! [`HashingCost`] times threads.

mod policy;
pub use policy::{PasswordPolicy, PasswordRefusal};
mod common;
pub use common::is_common;
mod cost;
pub use cost::{CostTooLow, HashingCost};
mod hash;
pub use hash::{HashFailed, Hasher, PasswordHash, Verdict};
mod pool;
pub use pool::{Busy, ClientKey, HashingPool, Unhashed};
mod queue;
