use std::fmt;
use std::net::SocketAddr;

use http::Uri;
use http::uri::{Authority, Scheme};
use portcullis::Failure;
use url::{Host, Url};

/// The service under load: its name, and the addresses that the name had at the start.
///
/// Names are looked up once: the addresses that were judged and consented to are the ones that are loaded.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) is_https: bool,
    pub(super) host: String,
    authority: Authority,
    base: String,
    addresses: Vec<SocketAddr>,
}

impl Target {
    /// Reads the address of a service and looks it up.
    pub(super) async fn find(text: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure::usage(format!("the address of the service {what}; it is written like https://localhost:8443"));
        let url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("begins neither with https:// nor with http://")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a query or a fragment"));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return Err(wrong("names no host")) };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let authority = authority.parse().map_err(|_| wrong("names no host that can be asked"))?;
        let found = tokio::net::lookup_host((host.as_str(), port)).await;
        let found = found.map_err(|error| Failure::new(format!("cannot find {host}: {error}; is the name right?")))?;
        let addresses = found.collect();
        let base = url.path().trim_end_matches('/').to_owned();
        Ok(Self { is_https, host, authority, base, addresses })
    }

    /// Whether it is this machine: every address is a loopback address.
    pub(super) fn is_this_machine(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The full address of a path of the service.
    pub(super) fn uri(&self, path: &str) -> Result<Uri, Failure> {
        let scheme = if self.is_https { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme).authority(self.authority.clone()).path_and_query(format!("{}{path}", self.base)).build();
        uri.map_err(|_| Failure::usage(format!("{path:?} is not a path; it is written like /notes?limit=10, percent-encoded")))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.is_https { "https" } else { "http" }, self.authority, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_loopback_addresses_are_this_machine() {
        for (text, own) in [
            ("https://localhost:8443", true),
            ("http://127.8.9.1", true),
            ("https://[::1]:8443/base/", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://192.0.2.1", false),
            ("https://0.0.0.0", false),
            ("https://[2001:db8::1]", false),
        ] {
            assert_eq!(Target::find(text).await.unwrap().is_this_machine(), own, "{text}");
        }
    }

    #[tokio::test]
    async fn a_path_is_joined_to_the_base() {
        let target = Target::find("https://[::1]:8443/base/").await.unwrap();
        assert_eq!(target.to_string(), "https://[::1]:8443/base");
        assert_eq!(target.uri("/notes?limit=1").unwrap(), "https://[::1]:8443/base/notes?limit=1");
        assert!(target.uri("/a b").is_err());
    }

    #[tokio::test]
    async fn what_is_no_address_of_a_service_is_refused() {
        for bad in
            ["", "localhost:8443", "ftp://localhost", "https://", "https://u:p@localhost", "https://localhost?x", "https://localhost#x"]
        {
            assert!(Target::find(bad).await.is_err(), "{bad}");
        }
    }
}
