use http::uri::Authority;
use http::{HeaderMap, Method, Version, header, request};

use super::limits::Limits;
use super::refusal::Refusal;

/// Refuses heads that a parser lets through but that this service doesn't answer, over either version of HTTP.
///
/// Let through: one valid authority, said once or twice the same, a target and header lines within the limits, a method that isn't `CONNECT`.
/// What only HTTP/1.1 has (line ends, framing) is the guard's.
pub(crate) fn check_head(head: &request::Parts, limits: &Limits) -> Result<(), Refusal> {
    if head.method == Method::CONNECT {
        return Err(Refusal::Unsupported("CONNECT"));
    }
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.url_bytes {
        return Err(Refusal::TargetTooLong);
    }
    if head.version == Version::HTTP_2 {
        check_size(&head.headers, limits)?;
    }
    if head.uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(Refusal::Malformed("user information in the authority"));
    }
    check_host(head)
}

/// [RFC 9113 section 6.5.2](https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2) counts 32 bytes for each line beside its text.
fn check_size(headers: &HeaderMap, limits: &Limits) -> Result<(), Refusal> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if bytes > limits.header_bytes || headers.len() > MOST_HEADERS {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

/// [RFC 9112 section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2) and
/// [RFC 9113 section 8.3.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1).
fn check_host(head: &request::Parts) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let authority = head.uri.authority();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Err(Refusal::Malformed("several Host lines")),
        (None, None) if authority.is_some() => Ok(()),
        (None, None) if head.version == Version::HTTP_10 => Ok(()),
        (None, None) => Err(Refusal::Malformed("no Host")),
        (Some(host), None) if !is_host(host.as_bytes()) => Err(Refusal::Malformed("invalid Host")),
        (Some(host), None) => match authority {
            Some(authority) if !authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()) => {
                Err(Refusal::Malformed("Host and the target's authority differ"))
            }
            _ => Ok(()),
        },
    }
}

fn is_host(value: &[u8]) -> bool {
    !value.contains(&b'@') && Authority::try_from(value).is_ok()
}

pub(crate) const MOST_HEADERS: usize = 100;
