use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::master_key::MasterKey;

/// Seals the keys that lists continue from: opaque texts, each good for its own list only.
#[derive(Clone)]
pub struct Cursors(Arc<hmac::Key>);

impl Cursors {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, master.derive("list cursors").as_slice())))
    }

    /// The cursor of a list that stands at this key.
    #[must_use]
    pub fn seal(&self, list: &str, key: &str) -> String {
        let tag = self.tag(list, key);
        let mut bytes = tag.as_ref().get(..TAG).unwrap_or_default().to_vec();
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key in a cursor of this list; `None` when it is forged or belongs to another list.
    #[must_use]
    pub fn open(&self, list: &str, cursor: &str) -> Option<String> {
        if cursor.len() > 512 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, key) = bytes.split_at_checked(TAG)?;
        let key = std::str::from_utf8(key).ok()?;
        let expected = self.tag(list, key);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, expected.as_ref().get(..TAG)?).ok()?;
        Some(key.to_owned())
    }

    fn tag(&self, list: &str, key: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(list.as_bytes());
        context.update(&[0]);
        context.update(key.as_bytes());
        context.sign()
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors(***)")
    }
}

/// 128 bits of the tag: as much as forging needs to be out of reach.
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::Secret;

    #[test]
    fn incident_41_a_forged_cursor_is_refused() {
        let master = MasterKey::from_base64(&Secret::new("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")).unwrap();
        let cursors = Cursors::new(&master);
        let cursor = cursors.seal("/notes", "2026");
        assert_eq!(cursors.open("/notes", &cursor).as_deref(), Some("2026"));
        assert_eq!(cursors.open("/admin/notes", &cursor), None);
        let mut changed = cursor.clone().into_bytes();
        changed[3] ^= 1;
        for forged in [String::from_utf8(changed).unwrap(), String::new(), "a".repeat(600), format!("{cursor}A")] {
            assert_eq!(cursors.open("/notes", &forged), None, "{forged}");
        }
    }
}
