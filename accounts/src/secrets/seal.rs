use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::master_key::MasterKeyError;

/// Seals data at rest with AES-256-GCM; what is sealed for one place does not open at another.
pub(crate) struct Sealer(RandomizedNonceKey);

/// What was sealed; wiped when dropped.
pub(crate) type Unsealed = Zeroizing<Vec<u8>>;

impl Sealer {
    pub(super) fn new(key: &[u8; 32]) -> Result<Self, MasterKeyError> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Self).map_err(|_| MasterKeyError::Derivation)
    }

    /// Seals data for a place: nonce and ciphertext in base64url.
    pub(crate) fn seal(&self, place: &str, data: &[u8]) -> Result<String, MasterKeyError> {
        let mut buffer = data.to_vec();
        let nonce =
            self.0.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut buffer).map_err(|_| MasterKeyError::NoRandomness)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut buffer);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what was sealed for this place; `None` when it was changed or sealed with another key.
    pub(crate) fn open(&self, place: &str, sealed: &str) -> Option<Unsealed> {
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(sealed).ok()?);
        let (nonce, ciphertext) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), ciphertext).ok()?;
        Some(Zeroizing::new(opened.to_vec()))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}
