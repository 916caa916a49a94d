use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::hkdf;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::Secret;
use zeroize::Zeroizing;

/// The one key that every other key of the service is derived from ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
///
/// It comes from the settings, or from `master.key` in the data directory, mode 0600, made at the first start.
#[derive(Clone)]
pub struct MasterKey(Arc<Zeroizing<[u8; 32]>>);

impl MasterKey {
    /// Reads a key from its base64 form.
    ///
    /// # Errors
    /// When the text isn't the base64 of 32 bytes, or all bytes are the same.
    pub fn from_base64(text: &Secret) -> Result<Self, &'static str> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose().trim()).map_err(|_| "not base64")?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| "not 32 bytes long")?;
        if key.iter().all(|byte| Some(byte) == key.first()) {
            return Err("a placeholder: make one with `openssl rand -base64 32`");
        }
        Ok(Self(Arc::new(Zeroizing::new(key))))
    }

    /// Reads the key from the data directory, or makes one there.
    ///
    /// # Errors
    /// When the file can't be read, written, or holds no key.
    pub fn load_or_create(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("master.key");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::from_base64(&Secret::new(text))
                .map_err(|why| io::Error::new(io::ErrorKind::InvalidData, format!("{} is {why}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(&path),
            Err(error) => Err(error),
        }
    }

    fn create(path: &Path) -> io::Result<Self> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;

        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(key.as_mut_slice()).map_err(|_| io::Error::other("no randomness"))?;
        let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
        // Written aside and linked into place: of two processes that start at once, both end up with the same key.
        let aside = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| std::fs::hard_link(&aside, path));
        std::fs::remove_file(&aside)?;
        match linked {
            Ok(()) => Ok(Self(Arc::new(key))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::from_base64(&Secret::new(std::fs::read_to_string(path)?))
                .map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)),
            Err(error) => Err(error),
        }
    }

    /// The key for one purpose; different purposes have unrelated keys.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis").extract(self.0.as_slice());
        let info = [purpose.as_bytes()];
        let filled = extracted.expand(&info, hkdf::HKDF_SHA256).and_then(|material| material.fill(key.as_mut_slice()));
        debug_assert!(filled.is_ok(), "32 bytes are within what HKDF yields");
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let first = MasterKey::load_or_create(folder.path()).unwrap();
        let second = MasterKey::load_or_create(folder.path()).unwrap();
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        let mode = std::fs::metadata(folder.path().join("master.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn incident_41_a_blank_or_placeholder_key_is_refused() {
        for bad in ["", "AAAA", "changeme", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            assert!(MasterKey::from_base64(&Secret::new(bad)).is_err(), "{bad}");
        }
    }
}
