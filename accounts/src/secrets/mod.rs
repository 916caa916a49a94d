//! Secrets of accounts: what is sealed at rest, keyed digests, opaque tokens. All keys are derived from the service's master key.

mod seal;
pub(crate) use seal::{Sealer, SecretError};
mod opaque;
pub(crate) use opaque::{digest, digest_key, random_token};
