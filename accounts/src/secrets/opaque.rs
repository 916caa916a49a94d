use aws_lc_rs::digest::{SHA256, digest as compute};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Secret;
use portcullis_web::app::MasterKey;

use super::seal::SecretError;

/// A new token of 256 random bits, in base64url.
pub(crate) fn random_token() -> Result<Secret, SecretError> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// What the database keeps of an opaque token. The token has 256 bits, so a plain SHA-256 cannot be undone.
pub(crate) fn digest(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(compute(&SHA256, token.as_bytes()))
}

/// A key for keyed digests of one purpose.
pub(crate) fn digest_key(master: &MasterKey, purpose: &'static str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, master.derive(purpose).as_slice())
}
