use http::{HeaderMap, Method, Request, Version};

use super::authority::host_of;
use super::limits::Limits;
use super::refusal::Refusal;

/// Refuses heads that a parser lets through but that this service doesn't answer, over either version of HTTP.
///
/// Let through: a target and header lines within the limits, a method that isn't `CONNECT`. What only HTTP/1.1 has (line ends, framing) is the
/// guard's; which hosts are ours, the pipeline knows.
pub(crate) fn check_head<B>(request: &Request<B>, limits: &Limits) -> Result<(), Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Unsupported("CONNECT"));
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.url_bytes {
        return Err(Refusal::TargetTooLong);
    }
    if request.version() == Version::HTTP_2 {
        check_size(request.headers(), limits)?;
    }
    if request.uri().authority().is_some_and(|authority| host_of(authority.as_str()).is_err()) {
        return Err(Refusal::Malformed("invalid authority in the target"));
    }
    Ok(())
}

/// [RFC 9113 section 6.5.2](https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2) counts 32 bytes for each line beside its text.
fn check_size(headers: &HeaderMap, limits: &Limits) -> Result<(), Refusal> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    if bytes > limits.header_bytes || headers.len() > MOST_HEADERS {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

pub(crate) const MOST_HEADERS: usize = 100;
