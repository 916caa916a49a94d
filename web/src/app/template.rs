//! Path templates, read by constant functions.
#![expect(clippy::indexing_slicing, reason = "constant functions have no iterators; every index is below its length")]

/// Whether the path is a template that the router understands, in its one normal form.
pub(super) const fn path_is_well_formed(path: &str) -> bool {
    let bytes = path.as_bytes();
    if bytes.is_empty() || bytes[0] != b'/' || (bytes.len() > 1 && bytes[bytes.len() - 1] == b'/') {
        return false;
    }
    let (mut at, mut inside) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if at > 0 && (bytes[at - 1] == b'/' || inside) => return false,
            b'{' if inside || bytes[at - 1] != b'/' => return false,
            b'{' => inside = true,
            b'}' if !inside || bytes[at - 1] == b'{' => return false,
            b'}' => inside = false,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'_' | b'-' | b'.' => {}
            _ => return false,
        }
        at += 1;
    }
    !inside
}

pub(super) const fn has_parameter(path: &str, name: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' && is_text_at(bytes, at + 1, end_of_parameter(bytes, at), name) {
            return true;
        }
        at += 1;
    }
    false
}

pub(super) const fn end_of_parameter(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'}' {
        at += 1;
    }
    at
}

pub(super) const fn is_text_at(bytes: &[u8], start: usize, end: usize, text: &str) -> bool {
    let text = text.as_bytes();
    if end < start || end - start != text.len() {
        return false;
    }
    let mut at = 0;
    while at < text.len() {
        if bytes[start + at] != text[at] {
            return false;
        }
        at += 1;
    }
    true
}

pub(super) const fn is_same(left: &str, right: &str) -> bool {
    is_text_at(left.as_bytes(), 0, left.len(), right)
}

pub(super) const fn count(text: &str, wanted: u8) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut found) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == wanted {
            found += 1;
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_one_normal_form() {
        for good in ["/", "/notes", "/notes/{id}", "/a/{b}/c.d-e_f"] {
            assert!(path_is_well_formed(good), "{good}");
        }
        for bad in ["", "notes", "/notes/", "//", "/{}", "/a{b}", "/{a", "/a}", "/{a/b}", "/ä", "/a b", "/{*rest}"] {
            assert!(!path_is_well_formed(bad), "{bad}");
        }
    }
}
