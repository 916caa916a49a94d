use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::domain::domain;
use super::{AcmeChallenge, AcmeSettings};
use crate::app::StartError;

/// What to order, where and how: the settings, checked.
pub(in crate::accept) struct Plan {
    /// Sorted, without repetition.
    pub(super) domains: Vec<String>,
    /// As `mailto:` addresses.
    pub(super) contact: Vec<String>,
    pub(super) directory: Url,
    /// The only certificates that the authority is trusted by, PEM.
    pub(super) roots: Option<Vec<u8>>,
    pub(super) challenge: AcmeChallenge,
    pub(super) binding: Option<Binding>,
}

/// The external account that the account is bound to.
pub(super) struct Binding {
    pub(super) identifier: String,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl Plan {
    /// Checks the settings; `has_http` says whether plain HTTP is served anywhere.
    pub(in crate::accept) fn new(settings: &AcmeSettings, public_url: &str, has_http: bool) -> Result<Self, StartError> {
        if settings.challenge == AcmeChallenge::Http01 && !has_http {
            return Err(refused(
                "challenge",
                "is `http-01`, but http_listen is not set: set http_listen = \"0.0.0.0:80\", which the authority asks, or take `tls-alpn-01`",
            ));
        }
        Ok(Self {
            domains: domains(settings, public_url)?,
            contact: settings.contact.iter().map(|text| contact(text)).collect::<Result<_, _>>()?,
            directory: directory(settings)?,
            roots: roots(settings)?,
            challenge: settings.challenge,
            binding: binding(settings)?,
        })
    }

    pub(in crate::accept) fn domains(&self) -> &[String] {
        &self.domains
    }

    pub(in crate::accept) const fn challenge(&self) -> AcmeChallenge {
        self.challenge
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("domains", &self.domains).field("directory", &self.directory.as_str()).finish_non_exhaustive()
    }
}

fn domains(settings: &AcmeSettings, public_url: &str) -> Result<Vec<String>, StartError> {
    let mut names = BTreeSet::new();
    for text in &settings.domains {
        names.insert(domain(text).map_err(|why| refused("domains", format_args!("`{text}` {why}")))?);
    }
    if names.is_empty() {
        let url = Url::parse(public_url).ok();
        let host = url.as_ref().and_then(Url::host_str).filter(|host| *host != "localhost");
        let name = host.and_then(|host| domain(host).ok());
        names.extend(name);
    }
    match names.len() {
        0 => Err(refused("domains", "is empty, and public_url has no public name either: list the names, such as example.com")),
        1..=MOST_NAMES => Ok(names.into_iter().collect()),
        _ => Err(refused("domains", format_args!("lists more than {MOST_NAMES} names, the most that a certificate holds"))),
    }
}

fn contact(text: &str) -> Result<String, StartError> {
    let address = text.trim().trim_start_matches("mailto:");
    let is_address = address.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && domain(host).is_ok() && user.bytes().all(|byte| byte.is_ascii_graphic() && !b",?@".contains(&byte))
    });
    if !is_address {
        return Err(refused("contact", format_args!("`{text}` is no mail address such as admin@example.com")));
    }
    Ok(format!("mailto:{address}"))
}

fn directory(settings: &AcmeSettings) -> Result<Url, StartError> {
    let text = match (&settings.directory_url, settings.staging) {
        (Some(_), true) => {
            return Err(refused("staging", "is on, but directory_url names another authority: take one of the two"));
        }
        (Some(url), false) => url.as_str(),
        (None, true) => instant_acme::LetsEncrypt::Staging.url(),
        (None, false) => instant_acme::LetsEncrypt::Production.url(),
    };
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
    url.filter(|url| matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_))))
        .ok_or_else(|| refused("directory_url", "is no https address such as https://acme-v02.api.letsencrypt.org/directory"))
}

fn roots(settings: &AcmeSettings) -> Result<Option<Vec<u8>>, StartError> {
    let Some(path) = &settings.ca_file else { return Ok(None) };
    let pem = std::fs::read(path).map_err(|error| refused("ca_file", format_args!("cannot read {}: {error}", path.display())))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    if certificates.is_ok_and(|certificates| !certificates.is_empty()) {
        return Ok(Some(pem));
    }
    Err(refused("ca_file", format_args!("{} holds no PEM certificate", path.display())))
}

fn binding(settings: &AcmeSettings) -> Result<Option<Binding>, StartError> {
    let (identifier, key) = match (&settings.eab_kid, &settings.eab_hmac_key) {
        (None, None) => return Ok(None),
        (Some(identifier), Some(key)) => (identifier.trim().to_owned(), key),
        (Some(_), None) => return Err(refused("eab_kid", "is set, but tls.acme.eab_hmac_key is not: the authority gives out both")),
        (None, Some(_)) => return Err(refused("eab_hmac_key", "is set, but tls.acme.eab_kid is not: the authority gives out both")),
    };
    let key = URL_SAFE_NO_PAD.decode(key.expose().trim().trim_end_matches('=')).map(Zeroizing::new);
    match key {
        Ok(key) if key.len() >= SHORTEST_KEY => Ok(Some(Binding { identifier, key })),
        Ok(_) => Err(refused("eab_hmac_key", "is too short to be the authority's key")),
        Err(_) => Err(refused("eab_hmac_key", "is not base64url: give it as the authority does")),
    }
}

fn refused(key: &str, why: impl fmt::Display) -> StartError {
    StartError::new(format_args!("setting `tls.acme.{key}` {why}"))
}

/// Let's Encrypt's limit; others have fewer and say so.
const MOST_NAMES: usize = 100;
const SHORTEST_KEY: usize = 16;

#[cfg(test)]
mod tests {
    use portcullis_core::Secret;

    use super::*;

    fn plan(change: impl FnOnce(&mut AcmeSettings)) -> Result<Plan, String> {
        let mut settings = AcmeSettings { challenge: AcmeChallenge::TlsAlpn01, ..AcmeSettings::default() };
        change(&mut settings);
        Plan::new(&settings, "https://notes.example:8443", false).map_err(|error| error.to_string())
    }

    #[test]
    fn the_name_of_public_url_is_enough() {
        let plan = plan(|_| {}).unwrap();
        assert_eq!(plan.domains, ["notes.example"]);
        assert_eq!(plan.directory.as_str(), "https://acme-v02.api.letsencrypt.org/directory");
    }

    #[test]
    fn names_are_sorted_and_listed_once() {
        let plan = plan(|settings| settings.domains = ["b.example", "A.example", "b.example"].map(str::to_owned).into()).unwrap();
        assert_eq!(plan.domains, ["a.example", "b.example"]);
    }

    #[test]
    fn staging_is_one_switch() {
        assert_eq!(plan(|settings| settings.staging = true).unwrap().directory.host_str(), Some("acme-staging-v02.api.letsencrypt.org"));
    }

    #[test]
    fn each_setting_that_cannot_work_is_named_with_its_mend() {
        type Change = fn(&mut AcmeSettings);
        let refused: [(Change, &str); 12] = [
            (|settings| settings.domains = vec!["no name".to_owned()], "tls.acme.domains` `no name` is no DNS name"),
            (|settings| settings.domains = vec!["*.example.com".to_owned()], "is a wildcard"),
            (|settings| settings.domains = (0..101).map(|n| format!("n{n}.example")).collect(), "more than 100 names"),
            (|settings| settings.contact = vec!["admin".to_owned()], "tls.acme.contact` `admin` is no mail address"),
            (|settings| settings.contact = vec!["a@b@c.example".to_owned()], "is no mail address"),
            (|settings| settings.challenge = AcmeChallenge::Http01, "http_listen is not set"),
            (|settings| settings.directory_url = Some("http://ca.example/dir".to_owned()), "tls.acme.directory_url` is no https address"),
            (|settings| (settings.directory_url, settings.staging) = (Some("https://ca.example".to_owned()), true), "take one of the two"),
            (|settings| settings.ca_file = Some("/nowhere/ca.pem".into()), "cannot read /nowhere/ca.pem"),
            (|settings| settings.eab_kid = Some("kid".to_owned()), "eab_hmac_key is not"),
            (|settings| settings.eab_hmac_key = Some(Secret::new("x")), "eab_kid is not"),
            (
                |settings| (settings.eab_kid, settings.eab_hmac_key) = (Some("kid".to_owned()), Some(Secret::new("?hunter2?"))),
                "is not base64url",
            ),
        ];
        for (change, expected) in refused {
            let message = plan(change).unwrap_err();
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn localhost_is_no_public_name() {
        let settings = AcmeSettings { challenge: AcmeChallenge::TlsAlpn01, ..AcmeSettings::default() };
        for address in ["https://localhost:8443", "https://127.0.0.1", "no address"] {
            let message = Plan::new(&settings, address, false).unwrap_err().to_string();
            assert!(message.contains("tls.acme.domains` is empty"), "{message}");
        }
    }

    #[test]
    fn a_bound_account_takes_the_key_with_or_without_padding() {
        for key in ["AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODw=="] {
            let plan = plan(|settings| (settings.eab_kid, settings.eab_hmac_key) = (Some("kid".to_owned()), Some(Secret::new(key))));
            assert_eq!(plan.unwrap().binding.unwrap().key.len(), 16);
        }
    }
}
