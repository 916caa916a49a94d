use url::Host;

/// The name as it stands in certificates, or what is wrong with it.
pub(super) fn domain(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.starts_with("*.") {
        return Err("is a wildcard, which neither http-01 nor tls-alpn-01 can prove: list the names one by one");
    }
    if text.contains("://") || text.contains('/') || text.contains(':') {
        return Err("is an address: give the name alone, such as example.com");
    }
    let name = match Host::parse(text) {
        Ok(Host::Domain(name)) => name,
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return Err("is an IP address: authorities here certify names only, such as example.com"),
        Err(_) => return Err("is no DNS name such as example.com"),
    };
    let is_name = name.len() <= MOST_CHARACTERS && name.split('.').all(is_label);
    if is_name { Ok(name) } else { Err("is no DNS name such as example.com") }
}

/// Letters, digits and inner hyphens, [RFC 1123 section 2.1](https://www.rfc-editor.org/rfc/rfc1123#section-2.1).
fn is_label(label: &str) -> bool {
    let fits = !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    fits && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const MOST_CHARACTERS: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_normal_form() {
        assert_eq!(domain(" Example.COM "), Ok("example.com".to_owned()));
        assert_eq!(domain("bücher.example"), Ok("xn--bcher-kva.example".to_owned()));
        let long = format!("{}.example", "a".repeat(64));
        for bad in ["", "a b.example", "-a.example", "a..example", "a_b.example", "example.com.", "a.example/x", "127.0.0.1", "::1", &long]
        {
            assert!(domain(bad).is_err(), "{bad}");
        }
        assert!(domain("*.example.com").unwrap_err().contains("wildcard"));
        assert!(domain("https://example.com").unwrap_err().contains("the name alone"));
    }
}
