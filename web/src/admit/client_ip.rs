//! Whose request it is: the peer's, unless the peer is a trusted proxy.
//!
//! Let through: a forwarded address, only from a peer inside the configured networks, walked from the right past trusted hops. Refused: a
//! chain that can't be parsed (400). Ignored: forwarded headers from anybody else, and `X-Forwarded-Host` and `-Proto` always. The
//! deployment names its proxies' networks, and the one header that they write.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The networks whose word about a client's address counts.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: ForwardedHeader,
}

#[derive(Clone, Copy, Debug)]
struct Network {
    address: u128,
    mask: u128,
}

/// The one header that trusted proxies write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)).
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// A client's address: an IPv4 address mapped into IPv6 is an IPv4 address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClientAddress(IpAddr);

/// A trusted proxy sent a chain of addresses that can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the forwarded address cannot be read")]
pub struct MalformedForwarded;

impl ClientAddress {
    /// The client at this address.
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// What is counted: the address itself, or the /64 of an IPv6 address, which one client commands whole.
    #[must_use]
    pub const fn bucket(self) -> u128 {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() & !(u64::MAX as u128),
        }
    }
}

impl TrustedProxies {
    /// Reads networks such as `10.0.0.0/8`; a bare address is a network of one.
    ///
    /// # Errors
    /// The text that isn't one.
    pub fn parse(networks: &[String], header: ForwardedHeader) -> Result<Self, String> {
        let networks = networks.iter().map(|text| network(text).ok_or_else(|| text.clone())).collect::<Result<_, _>>()?;
        Ok(Self { networks, header })
    }

    /// Whether no proxy is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Whether this peer is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let bits = bits(peer);
        self.networks.iter().any(|network| bits & network.mask == network.address)
    }

    /// The client's address.
    ///
    /// # Errors
    /// When a trusted proxy's chain can't be read.
    pub fn resolve(&self, peer: IpAddr, headers: &HeaderMap) -> Result<ClientAddress, MalformedForwarded> {
        if !self.trusts(peer) {
            return Ok(ClientAddress::new(peer));
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        let mut client = peer;
        for line in headers.get_all(&name).iter().rev() {
            let line = line.to_str().map_err(|_| MalformedForwarded)?;
            for hop in line.rsplit(',') {
                client = match self.header {
                    ForwardedHeader::XForwardedFor => address(hop.trim()),
                    ForwardedHeader::Forwarded => forwarded_for(hop),
                }
                .ok_or(MalformedForwarded)?;
                if !self.trusts(client) {
                    return Ok(ClientAddress::new(client));
                }
            }
        }
        Ok(ClientAddress::new(client))
    }
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("for") && found.replace(value.trim_matches('"')).is_some() {
            return None;
        }
    }
    address(found?)
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(length.parse::<u32>().ok()?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(most);
    if length > most {
        return None;
    }
    let host_bits = most - length;
    let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
    Some(Network { address: bits(address) & mask, mask })
}

fn bits(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::parse(&networks.iter().map(|&text| text.to_owned()).collect::<Vec<_>>(), ForwardedHeader::XForwardedFor).unwrap()
    }

    fn resolve(trusted: &TrustedProxies, peer: &str, chain: &[&str]) -> Result<String, MalformedForwarded> {
        let mut headers = HeaderMap::new();
        for line in chain {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        trusted.resolve(peer.parse().unwrap(), &headers).map(|client| client.ip().to_string())
    }

    #[test]
    fn incident_02_a_forwarded_address_counts_only_from_a_trusted_peer() {
        let nobody = TrustedProxies::default();
        assert_eq!(resolve(&nobody, "192.0.2.1", &["203.0.113.9"]).unwrap(), "192.0.2.1");
        let proxies = trusted(&["10.0.0.0/8", "2001:db8::/32"]);
        assert_eq!(resolve(&proxies, "192.0.2.1", &["203.0.113.9"]).unwrap(), "192.0.2.1");
        assert_eq!(resolve(&proxies, "10.1.2.3", &["6.6.6.6, 203.0.113.9"]).unwrap(), "203.0.113.9");
        assert_eq!(resolve(&proxies, "10.1.2.3", &["6.6.6.6, 203.0.113.9, 10.9.9.9"]).unwrap(), "203.0.113.9");
        assert_eq!(resolve(&proxies, "10.1.2.3", &["6.6.6.6", "203.0.113.9", "10.9.9.9"]).unwrap(), "203.0.113.9");
        assert_eq!(resolve(&proxies, "::ffff:10.1.2.3", &["203.0.113.9:4711"]).unwrap(), "203.0.113.9");
        assert_eq!(resolve(&proxies, "10.1.2.3", &[]).unwrap(), "10.1.2.3");
    }

    #[test]
    fn incident_03_an_unreadable_chain_fails_closed() {
        let proxies = trusted(&["10.0.0.0/8"]);
        for chain in ["", "unknown", "1.2.3", "203.0.113.9,", "203.0.113.9, x", "\u{1}", "[::1", "1.2.3.4.5"] {
            if let Ok(value) = http::HeaderValue::from_str(chain) {
                let mut headers = HeaderMap::new();
                headers.insert("x-forwarded-for", value);
                let resolved = proxies.resolve("10.1.2.3".parse().unwrap(), &headers);
                let is_first_hop_readable = chain == "203.0.113.9, x" || chain == "203.0.113.9,";
                assert!(resolved.is_err(), "{chain} {is_first_hop_readable}");
            }
        }
    }

    #[test]
    fn incident_04_mapped_addresses_share_a_bucket_and_ipv6_counts_by_64() {
        let bucket = |text: &str| ClientAddress::new(text.parse().unwrap()).bucket();
        assert_eq!(bucket("192.0.2.1"), bucket("::ffff:192.0.2.1"));
        assert_eq!(bucket("2001:db8:0:1::1"), bucket("2001:db8:0:1:ffff::2"));
        assert_ne!(bucket("2001:db8:0:1::1"), bucket("2001:db8:0:2::1"));
        assert_ne!(bucket("192.0.2.1"), bucket("192.0.2.2"));
    }

    #[test]
    fn networks_are_checked() {
        for bad in ["10.0.0.0/33", "x", "10.0.0/8", "::/129", "/8", ""] {
            assert!(TrustedProxies::parse(&[bad.to_owned()], ForwardedHeader::XForwardedFor).is_err(), "{bad}");
        }
        assert!(trusted(&["0.0.0.0/0"]).trusts("8.8.8.8".parse().unwrap()));
        assert!(!trusted(&["0.0.0.0/0"]).trusts("2001:db8::1".parse().unwrap()));
        assert!(trusted(&["::/0"]).trusts("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn the_forwarded_header_is_read_when_it_is_the_chosen_one() {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned()], ForwardedHeader::Forwarded).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", "for=6.6.6.6;proto=http, for=\"[2001:db8::9]:99\";by=10.0.0.1".parse().unwrap());
        headers.insert("x-forwarded-for", "7.7.7.7".parse().unwrap());
        assert_eq!(proxies.resolve("10.0.0.2".parse().unwrap(), &headers).unwrap().ip().to_string(), "2001:db8::9");
    }
}
