use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Secret;
use zeroize::Zeroizing;

use super::seal::Sealer;

/// The key that all other keys of the service are derived from ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
pub struct MasterKey(Zeroizing<[u8; LENGTH]>);

impl MasterKey {
    /// A master key from its text: 32 bytes in base64url without padding.
    ///
    /// # Errors
    /// When it has another length or is no random value.
    pub fn parse(text: &Secret) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.expose().trim()).map_err(|_| MasterKeyError::Malformed)?);
        let key: [u8; LENGTH] = bytes.as_slice().try_into().map_err(|_| MasterKeyError::Malformed)?;
        let mut distinct = key;
        distinct.sort_unstable();
        let distinct = distinct.chunk_by(|a, b| a == b).count();
        if distinct < LEAST_DISTINCT { Err(MasterKeyError::NotRandom) } else { Ok(Self(Zeroizing::new(key))) }
    }

    /// Reads the key file of a data directory, and makes it when it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made, when others may read it, or when it holds no key.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                refuse_open_permissions(path)?;
                Self::parse(&Secret::new(text))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_new(path)?;
                Self::parse(&Secret::new(fs::read_to_string(path).map_err(|cause| MasterKeyError::file(path, cause))?))
            }
            Err(error) => Err(MasterKeyError::file(path, error)),
        }
    }

    /// A new random key, for tests and for whoever stores it elsewhere.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, MasterKeyError> {
        let mut key = Zeroizing::new([0; LENGTH]);
        aws_lc_rs::rand::fill(key.as_mut()).map_err(|_| MasterKeyError::NoRandomness)?;
        Ok(Self(key))
    }

    /// The key that seals data at rest.
    pub(crate) fn sealer(&self) -> Result<Sealer, MasterKeyError> {
        Sealer::new(&self.derive(b"portcullis sealing 1")?)
    }

    /// A key for keyed digests of one purpose.
    pub(crate) fn digest_key(&self, purpose: &'static [u8]) -> Result<hmac::Key, MasterKeyError> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose)?.as_ref()))
    }

    fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; LENGTH]>, MasterKeyError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis").extract(self.0.as_ref());
        let info = [purpose];
        let okm = prk.expand(&info, hkdf::HKDF_SHA256).map_err(|_| MasterKeyError::Derivation)?;
        let mut derived = Zeroizing::new([0; LENGTH]);
        okm.fill(derived.as_mut()).map_err(|_| MasterKeyError::Derivation)?;
        Ok(derived)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The text is not 32 bytes in base64url.
    #[error("the master key is not 32 bytes in base64url without padding; make one with: head -c 32 /dev/urandom | basenc --base64url | tr -d =")]
    Malformed,
    /// The bytes are no random value.
    #[error("the master key is a placeholder, not a random value")]
    NotRandom,
    /// The key file cannot be used.
    #[error("the master key file {path}: {cause}")]
    File {
        /// Which file.
        path: String,
        /// What went wrong.
        cause: String,
    },
    /// The key is not the one that the database was sealed with.
    #[error("this master key is not the one that the database was sealed with: restore the former one")]
    Wrong,
    /// The system has no randomness to give.
    #[error("no randomness for the master key")]
    NoRandomness,
    /// A key could not be derived.
    #[error("a key could not be derived from the master key")]
    Derivation,
}

impl MasterKeyError {
    fn file(path: &Path, cause: impl fmt::Display) -> Self {
        Self::File { path: path.display().to_string(), cause: cause.to_string() }
    }
}

/// Writes a new key beside the path and links it there, so that of two processes one wins and neither reads half a key.
fn write_new(path: &Path) -> Result<(), MasterKeyError> {
    let file_error = |cause: std::io::Error| MasterKeyError::file(path, cause);
    let key = MasterKey::generate()?;
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.0.as_ref()));
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(file_error)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&beside).map_err(file_error)?;
    linked.map_err(file_error)
}

#[cfg(unix)]
fn refuse_open_permissions(path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|cause| MasterKeyError::file(path, cause))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(MasterKeyError::file(path, "others can read it: chmod 600")) }
}

#[cfg(not(unix))]
const fn refuse_open_permissions(_: &Path) -> Result<(), MasterKeyError> {
    Ok(())
}

const LENGTH: usize = 32;
/// 32 random bytes hold about 30 distinct values; fewer than 16 never happens.
const LEAST_DISTINCT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_41_blank_short_and_placeholder_keys_are_refused() {
        for bad in ["", " ", "changeme", &"A".repeat(43), &"c2VjcmV0".repeat(5), &URL_SAFE_NO_PAD.encode([b'x'; 32])] {
            assert!(MasterKey::parse(&Secret::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_key_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = MasterKey::from_file(&path).unwrap();
        let second = MasterKey::from_file(&path).unwrap();
        assert_eq!(first.0, second.0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(MasterKey::from_file(&path).is_err());
        }
    }

    #[test]
    fn what_is_sealed_opens_only_with_the_same_key_and_place() {
        let sealer = MasterKey::generate().unwrap().sealer().unwrap();
        let sealed = sealer.seal("signing key 1", b"secret").unwrap();
        assert_eq!(sealer.open("signing key 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(sealer.open("signing key 2", &sealed).is_none());
        assert!(MasterKey::generate().unwrap().sealer().unwrap().open("signing key 1", &sealed).is_none());
        assert!(sealer.open("signing key 1", "").is_none() && sealer.open("signing key 1", "AAAA").is_none());
    }
}
