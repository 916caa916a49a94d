//! Which host a request names: only ours.
//!
//! Let through: the host of `public_url`, the listed ones, and with the development certificate `localhost`, `127.0.0.1` and `[::1]`.
//! Refused: no host, several, another (421). Absolute links are built from the settings, never from the request.

use http::{HeaderMap, StatusCode, Uri, header, uri::Authority};

use crate::respond::Problem;

/// The hosts that requests may name.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    /// How the requests of ordinary clients name us, to the letter.
    usual: Option<String>,
}

impl Hosts {
    pub(crate) fn new(public_url: &str, further: &[String], development: bool) -> Self {
        let mut hosts: Vec<String> = further.iter().map(|host| host.to_ascii_lowercase()).collect();
        hosts.extend(public_url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_ascii_lowercase)));
        if development {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        let usual = public_url.parse::<Uri>().ok().and_then(|url| url.authority().map(|authority| authority.as_str().to_owned()));
        Self { names: hosts, usual: usual.filter(|usual| !usual.contains('@')) }
    }

    /// Checks what the request names.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut values = headers.get_all(header::HOST).iter();
        let named = match (values.next(), values.next()) {
            (Some(value), None) => Some(value.to_str().map_err(|_| malformed())?),
            (None, _) => None,
            (Some(_), Some(_)) => return Err(malformed()),
        };
        // An authority in the target is the host (RFC 9112 section 3.2.2); over HTTP/2 both must agree.
        let authority = uri.authority().map(Authority::as_str);
        let host = match (authority, named) {
            (Some(authority), Some(named)) if !authority.eq_ignore_ascii_case(named) => return Err(malformed()),
            (Some(host), _) | (None, Some(host)) => host,
            (None, None) => return Err(malformed()),
        };
        if self.usual.as_deref() == Some(host) {
            return Ok(());
        }
        let host = host.parse::<Authority>().map_err(|_| malformed())?;
        if host.as_str().contains('@') {
            return Err(malformed());
        }
        if self.names.iter().any(|own| own.eq_ignore_ascii_case(host.host())) { Ok(()) } else { Err(misdirected()) }
    }
}

fn malformed() -> Problem {
    Problem::bad_request("host", "The request names no host, or more than one.")
}

fn misdirected() -> Problem {
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", "This service doesn't answer for that host.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_01_only_our_hosts_pass() {
        let hosts = Hosts::new("https://api.example.com:8443", &[], false);
        let check = |target: &str, named: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in named {
                headers.append(header::HOST, name.parse().unwrap());
            }
            hosts.check(&target.parse().unwrap(), &headers).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(check("/", &["api.example.com:8443"]), Ok(()));
        assert_eq!(check("/", &["API.example.com"]), Ok(()));
        assert_eq!(check("/", &["evil.example"]), Err(421));
        assert_eq!(check("/", &["localhost"]), Err(421));
        assert_eq!(check("/", &["u@api.example.com"]), Err(400));
        assert_eq!(check("/", &[]), Err(400));
        assert_eq!(check("/", &["api.example.com", "api.example.com"]), Err(400));
        assert_eq!(check("https://api.example.com/", &["evil.example"]), Err(400));
        assert_eq!(check("https://evil.example/", &["evil.example"]), Err(421));
    }
}
