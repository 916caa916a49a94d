use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use portcullis_web::app::MasterKey;

/// Seals data at rest with AES-256-GCM; what is sealed for one place does not open at another.
pub(crate) struct Sealer(RandomizedNonceKey);

/// Cryptography failed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The master key is not the one that the database was sealed with.
    #[error("this master key is not the one that the database was sealed with: restore the former one")]
    WrongMasterKey,
    /// The system has no randomness to give.
    #[error("the system has no randomness to give")]
    NoRandomness,
}

impl Sealer {
    pub(crate) fn new(master: &MasterKey) -> Result<Self, SecretError> {
        let key = master.derive("accounts: sealing, 1");
        RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).map(Self).map_err(|_| SecretError::WrongMasterKey)
    }

    /// Seals data for a place: nonce and ciphertext in base64url.
    pub(crate) fn seal(&self, place: &str, data: &[u8]) -> Result<String, SecretError> {
        let mut buffer = data.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut buffer).map_err(|_| SecretError::NoRandomness)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut buffer);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what was sealed for this place; `None` when it was changed or sealed with another key.
    pub(crate) fn open(&self, place: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
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

#[cfg(test)]
mod tests {
    use portcullis_core::Secret;

    use super::*;

    fn sealer(byte: u8) -> Sealer {
        let key: Vec<u8> = (0..32).map(|number| number ^ byte).collect();
        let text = Secret::new(base64::engine::general_purpose::STANDARD.encode(key));
        Sealer::new(&MasterKey::from_base64(&text).unwrap()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_with_the_same_key_and_place() {
        let sealed = sealer(0).seal("signing key 1", b"secret").unwrap();
        assert_eq!(sealer(0).open("signing key 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(sealer(0).open("signing key 2", &sealed).is_none());
        assert!(sealer(1).open("signing key 1", &sealed).is_none());
        assert!(sealer(0).open("signing key 1", "").is_none() && sealer(0).open("signing key 1", "AAAA").is_none());
    }
}
