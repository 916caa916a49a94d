//! Which host a request names: only ours.
//!
//! Let through: the host of `public_url`, the listed ones, and with the development certificate `localhost`, `127.0.0.1` and `[::1]`; on the
//! management listener `localhost` and every address, too. Refused: no host, several, one that isn't of the grammar (400), another (421).
//! Absolute links are built from the settings, never from the request.

use std::net::Ipv4Addr;

use http::{HeaderMap, StatusCode, Uri};

use crate::accept::{MalformedHost, host_of, named};
use crate::respond::Problem;

/// The hosts that requests may name.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    /// How the requests of ordinary clients name us, to the letter.
    usual: Option<String>,
    takes_addresses: bool,
}

impl Hosts {
    pub(crate) fn new(public_url: &str, further: &[String], development: bool) -> Self {
        let mut hosts: Vec<String> = further.iter().map(|host| host.to_ascii_lowercase()).collect();
        hosts.extend(public_url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_ascii_lowercase)));
        if development {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        let usual = public_url.parse::<Uri>().ok().and_then(|url| url.authority().map(|authority| authority.as_str().to_owned()));
        Self { names: hosts, usual: usual.filter(|usual| host_of(usual).is_ok()), takes_addresses: false }
    }

    /// The names that the management listener has beside addresses: `localhost`, and what requests may name on the main one.
    ///
    /// A page whose name is made to lead to this machine (DNS rebinding) still sends its own name. Probes and scrapers send an address.
    pub(crate) fn of_management(public_url: &str, further: &[String]) -> Self {
        let mut hosts = Self::new(public_url, further, false);
        hosts.names.push("localhost".to_owned());
        Self { takes_addresses: true, ..hosts }
    }

    /// Checks what the request names.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let named = named(uri, headers).map_err(malformed)?;
        if self.usual.as_deref() == Some(named) {
            return Ok(());
        }
        let host = host_of(named).map_err(malformed)?;
        let is_ours = self.names.iter().any(|own| own.eq_ignore_ascii_case(host)) || (self.takes_addresses && is_address(host));
        if is_ours { Ok(()) } else { Err(misdirected()) }
    }
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// The answer to a request whose host can't be read.
pub(crate) fn malformed(_: MalformedHost) -> Problem {
    Problem::bad_request("host", "The request names no host, or more than one.")
}

fn misdirected() -> Problem {
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", "This service doesn't answer for that host.")
}

#[cfg(test)]
mod tests {
    use http::header;

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
        for port in ["abc", "99999", "", "+443", "8443x"] {
            assert_eq!(check("/", &[&format!("api.example.com:{port}")]), Err(400), "{port}");
        }
        for host in ["192.0.2.1", "[::1]"] {
            assert_eq!(check("/", &[host]), Err(421), "{host}");
        }
    }

    #[test]
    fn the_management_listener_takes_addresses_and_its_own_names() {
        let hosts = Hosts::of_management("https://api.example.com", &["portcullis".to_owned()]);
        let check = |named: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, named.parse().unwrap())]);
            hosts.check(&Uri::from_static("/metrics"), &headers).map_err(|problem| problem.status().as_u16())
        };
        for own in ["10.1.2.3:9000", "127.0.0.1", "[::1]:9000", "[2001:db8::7]", "localhost:9000", "API.example.com", "portcullis:9000"] {
            assert_eq!(check(own), Ok(()), "{own}");
        }
        for foreign in ["rebound.example", "rebound.example:9000", "localhost.rebound.example", "1.2.3", "0x7f000001", "2130706433"] {
            assert_eq!(check(foreign), Err(421), "{foreign}");
        }
        for broken in ["localhost:abc", "10.1.2.3:99999", "::1", "[::1", "u@localhost", ""] {
            assert_eq!(check(broken), Err(400), "{broken}");
        }
    }
}
