//! A client's address is the peer's unless the peer is trusted, and nobody moves it by what they write further left.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::web::admit::{ForwardedHeader, TrustedProxies};

static PROXIES: LazyLock<[(HeaderName, TrustedProxies); 2]> = LazyLock::new(|| {
    let networks = ["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()];
    let read = |header| TrustedProxies::parse(&networks, header).expect("two networks");
    [
        (HeaderName::from_static("x-forwarded-for"), read(ForwardedHeader::XForwardedFor)),
        (header::FORWARDED, read(ForwardedHeader::Forwarded)),
    ]
});
const TRUSTED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(lines) = data.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes).collect::<Result<Vec<_>, _>>() else {
        return Corpus::Reject;
    };
    for (name, proxies) in PROXIES.iter() {
        let headers: HeaderMap = lines.iter().map(|line| (name.clone(), line.clone())).collect();
        let from_a_stranger = proxies.resolve(STRANGER, &headers).expect("headers of strangers aren't read");
        assert_eq!(from_a_stranger.ip(), STRANGER);

        let Ok(client) = proxies.resolve(TRUSTED, &headers) else { continue };
        assert_eq!(client.ip(), client.ip().to_canonical(), "one address has one form");
        if proxies.trusts(client.ip()) {
            continue;
        }
        let left = ["203.0.113.9", "unknown", "for=203.0.113.9", "10.9.9.9", "\"", "for=\"[::1", ""].map(HeaderValue::from_static);
        for more in left {
            let headers: HeaderMap = std::iter::once(&more).chain(&lines).map(|line| (name.clone(), line.clone())).collect();
            assert_eq!(proxies.resolve(TRUSTED, &headers), Ok(client), "moved by {more:?}");
            let joined = [more.as_bytes(), b", ", lines[0].as_bytes()].concat();
            let joined = HeaderValue::from_bytes(&joined).expect("two header values");
            let headers: HeaderMap = std::iter::once(&joined).chain(&lines[1..]).map(|line| (name.clone(), line.clone())).collect();
            // A line that isn't ASCII is refused whole, but never read as another client's.
            assert_eq!(proxies.resolve(TRUSTED, &headers), Ok(client), "moved by {more:?}");
        }
        let mut written = lines.iter().filter_map(|line| line.to_str().ok());
        assert!(written.any(|line| holds(line, client.ip())), "{} stands nowhere", client.ip());
    }
    Corpus::Keep
});

/// Whether some part of a line reads as this address.
fn holds(line: &str, address: IpAddr) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let reads = |text: &str| text.parse::<IpAddr>().is_ok_and(|read| read.to_canonical() == address);
    let without_port = |part: &str| part.rsplit_once(':').is_some_and(|(before, _)| reads(before));
    line.split(|c: char| !is_part(c)).any(|part| reads(part) || without_port(part))
}
