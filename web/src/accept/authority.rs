//! Who a request is for: a host, perhaps with a port
//! ([RFC 9110 section 7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)).
//!
//! Let through: one `Host`, one authority in the target, or both if they agree, of the grammar of
//! [RFC 3986 section 3.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2). Refused: none, several, different ones, user information,
//! an empty host, a port that isn't a number up to 65535, an IP literal that isn't one. Whose host it is, the caller decides.

use std::net::Ipv6Addr;

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

/// The request names no host, several, or something that isn't one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the request names no host, or more than one")]
pub(crate) struct MalformedHost;

/// What the request names, not looked into yet.
pub(crate) fn named<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, MalformedHost> {
    let mut values = headers.get_all(header::HOST).iter();
    let host = match (values.next(), values.next()) {
        (Some(value), None) => Some(value.to_str().map_err(|_| MalformedHost)?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(MalformedHost),
    };
    // An authority in the target is the host (RFC 9112 section 3.2.2); if there are both, they must agree.
    match (uri.authority().map(Authority::as_str), host) {
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => Err(MalformedHost),
        (Some(named), _) | (None, Some(named)) => Ok(named),
        (None, None) => Err(MalformedHost),
    }
}

/// The host of `host[:port]`, with the brackets of an IPv6 address.
pub(crate) fn host_of(named: &str) -> Result<&str, MalformedHost> {
    let is_literal = named.starts_with('[');
    let end = if is_literal { named.find(']').map(|end| end + 1) } else { named.find(':') };
    let (host, rest) = match end {
        Some(end) => named.split_at_checked(end).ok_or(MalformedHost)?,
        None if is_literal => return Err(MalformedHost),
        None => (named, ""),
    };
    let is_port = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    let is_host = if is_literal { is_ip_literal(host) } else { is_registered_name(host) };
    if is_port && is_host { Ok(host) } else { Err(MalformedHost) }
}

/// Digits alone: `u16::from_str` would take a sign.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// An IPv6 address, or one of a version to come, which nobody has.
fn is_ip_literal(host: &str) -> bool {
    let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else { return false };
    if let Some((version, address)) = address.strip_prefix(['v', 'V']).and_then(|address| address.split_once('.')) {
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
        return is_version && !address.is_empty() && address.bytes().all(|byte| is_plain(byte) || byte == b':');
    }
    address.parse::<Ipv6Addr>().is_ok()
}

/// A name or an IPv4 address. The grammar lets a name be empty; that of `http` and `https` addresses doesn't.
fn is_registered_name(host: &str) -> bool {
    let mut bytes = host.bytes();
    while let Some(byte) = bytes.next() {
        let is_escape = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
        let is_valid = is_plain(byte) || (byte == b'%' && is_escape(bytes.next()) && is_escape(bytes.next()));
        if !is_valid {
            return false;
        }
    }
    !host.is_empty()
}

/// Unreserved characters and sub-delimiters.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_by_the_grammar() {
        for (named, host) in [
            ("localhost", "localhost"),
            ("LOCALHOST:8443", "LOCALHOST"),
            ("a.b-c.example.:0", "a.b-c.example."),
            ("a:65535", "a"),
            ("a:00443", "a"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[2001:db8::1]:443", "[2001:db8::1]"),
            ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]"),
            ("[v1.a:b]", "[v1.a:b]"),
            ("a%20b_c~!$&'()*+,;=", "a%20b_c~!$&'()*+,;="),
        ] {
            assert_eq!(host_of(named), Ok(host), "{named}");
        }
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for named in [
            "",
            ":",
            ":443",
            "a:",
            "a:abc",
            "a:99999",
            "a:65536",
            "a:+80",
            "a:-1",
            "a: 80",
            "a:80 ",
            "a:8 0",
            "a:0x50",
            "a:80:80",
            "a::80",
            "a:٣",
            "user@a",
            "user:password@a:80",
            "@a",
            "a@",
            "::1",
            "::1:80",
            "[::1",
            "[",
            "[]",
            "[]:80",
            "[::1]80",
            "[::1]:",
            "[::1]:a",
            "[::1]]",
            "[[::1]]",
            "[:::1]",
            "[1.2.3.4]",
            "[localhost]",
            "[fe80::1%25eth0]",
            "[v.a]",
            "[v1.]",
            "[vg.a]",
            "[1:2:3:4:5:6:7:8:9]",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%",
            "a%2",
            "a%zz",
            "a\"b",
            "<a>",
            "a^b",
            "a|b",
            "a`b",
            "{a}",
            "a]",
            "ä",
        ] {
            assert_eq!(host_of(named), Err(MalformedHost), "{named:?}");
        }
    }
}
