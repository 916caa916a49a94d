//! The head of a part of a multipart body ([RFC 7578 section 4](https://www.rfc-editor.org/rfc/rfc7578#section-4)).

/// The body isn't made as a multipart body has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The field's name in the head of a part.
pub(super) fn field_name(head: &[u8]) -> Result<Option<String>, Malformed> {
    let head = std::str::from_utf8(head).map_err(|_| Malformed)?;
    let mut disposition = None;
    for (count, line) in head.split("\r\n").enumerate() {
        if line.is_empty() && head.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(Malformed)?;
        let is_text = value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
        if count >= MOST_LINES || name.is_empty() || !name.bytes().all(is_token_byte) || !is_text {
            return Err(Malformed);
        }
        if name.eq_ignore_ascii_case("content-disposition") && disposition.replace(value).is_some() {
            return Err(Malformed);
        }
    }
    disposition.map_or(Err(Malformed), name_in)
}

/// The `name` of a `Content-Disposition`, whose parameters stand once each.
fn name_in(disposition: &str) -> Result<Option<String>, Malformed> {
    // Readers differ on tabs, and on spaces behind a value.
    if disposition.contains('\t') {
        return Err(Malformed);
    }
    let disposition = disposition.trim();
    let (kind, mut rest) = disposition.split_at(disposition.find(';').unwrap_or(disposition.len()));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(Malformed);
    }
    let mut found: Vec<(&str, String)> = Vec::new();
    while let Some(more) = rest.strip_prefix(';') {
        let (key, value) = more.split_once('=').ok_or(Malformed)?;
        let key = key.trim();
        let is_repeated = found.iter().any(|(own, _)| own.eq_ignore_ascii_case(key));
        // RFC 7578 section 4.2: no `name*`, which would be a second name.
        if key.is_empty() || is_repeated || !key.bytes().all(is_token_byte) || key.eq_ignore_ascii_case("name*") {
            return Err(Malformed);
        }
        let text = value.trim_start();
        let (value, after) = parameter(text)?;
        // Some readers drop a backslash in a quoted name, others keep it.
        if key.eq_ignore_ascii_case("name") && text.strip_suffix(after).is_none_or(|read| read.contains('\\')) {
            return Err(Malformed);
        }
        found.push((key, value));
        rest = after;
    }
    if !rest.is_empty() {
        return Err(Malformed);
    }
    Ok(found.into_iter().find(|(key, _)| key.eq_ignore_ascii_case("name")).map(|(_, value)| value))
}

/// A token or a quoted text, and what stands behind it.
fn parameter(text: &str) -> Result<(String, &str), Malformed> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().take_while(|byte| is_token_byte(*byte)).count();
        let (token, rest) = text.split_at_checked(end).filter(|(token, _)| !token.is_empty()).ok_or(Malformed)?;
        return Ok((token.to_owned(), rest));
    };
    let (mut value, mut letters) = (String::new(), quoted.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(letters.next().ok_or(Malformed)?.1),
            _ => value.push(letter),
        }
    }
    Err(Malformed)
}

/// [RFC 9110 section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

const MOST_LINES: usize = 16;
