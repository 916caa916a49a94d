//! Identifiers, moments, rates and networks: what is read is what is written, and one value has one text where that is promised.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use portcullis::core::{Id, Timestamp};
use portcullis::web::admit::{ForwardedHeader, Quota, TrustedProxies};
use serde_json::Value;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.to_string(), text, "one object has one address");
    }
    if let Ok(moment) = serde_json::from_value::<Timestamp>(Value::from(text)) {
        let again = serde_json::from_value(serde_json::to_value(moment).expect("JSON")).expect("a moment that was written");
        assert_eq!(moment, again);
    }
    if let Ok(quota) = text.parse::<Quota>() {
        assert_eq!(quota.to_string().parse(), Ok(quota));
        assert_eq!(quota.limit().is_none(), text == "off", "no other word switches a limit off");
    }
    if let Ok(proxies) = TrustedProxies::parse(&[text.to_owned()], ForwardedHeader::XForwardedFor) {
        let (address, length) = text.split_once('/').unwrap_or((text, "all"));
        let address: IpAddr = address.parse().expect("a network begins with an address");
        assert!(proxies.trusts(address), "a network holds its own address");
        let neighbour = match address {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() ^ 1).into()),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() ^ 1).into()),
        };
        let is_one = length == "all" || length.parse() == Ok(if address.is_ipv4() { 32 } else { 128 });
        assert_eq!(proxies.trusts(neighbour), !is_one, "a network of one is of one");
    }
});
