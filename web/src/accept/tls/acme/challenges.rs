use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::super::configuration::provider;
use super::super::private_file::write_private;

/// The answers to the challenges that are pending. They are files, so that every instance on the same data folder can give them.
#[derive(Clone, Debug)]
pub(in crate::accept) struct Challenges(Arc<PathBuf>);

impl Challenges {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(Arc::new(folder))
    }

    /// What plain HTTP answers at this path ([RFC 8555 section 8.3](https://www.rfc-editor.org/rfc/rfc8555#section-8.3)); `None` when it is
    /// no such path, `Some(None)` when nothing is pending there.
    pub(in crate::accept) async fn http_answer(&self, path: &str) -> Option<Option<String>> {
        let token = path.strip_prefix(HTTP_PATH)?;
        if !is_token(token) {
            return Some(None);
        }
        Some(tokio::fs::read_to_string(self.0.join(token)).await.ok())
    }

    /// The TLS with which this name is proved, and nothing else is said ([RFC 8737 section 3](https://www.rfc-editor.org/rfc/rfc8737#section-3)).
    pub(in crate::accept) async fn tls_answer(&self, name: &str) -> Option<Arc<ServerConfig>> {
        if name.contains('/') {
            return None;
        }
        let pem = tokio::fs::read(self.0.join(format!("{}.pem", name.to_ascii_lowercase()))).await.ok()?;
        let provider = Arc::new(provider());
        // Not compared with its key: the critical extension that makes it an answer is one that certificates here may not have.
        let key = provider.key_provider.load_private_key(PrivateKeyDer::from_pem_slice(&pem).ok()?).ok()?;
        let key = CertifiedKey::new(vec![CertificateDer::from_pem_slice(&pem).ok()?], key);
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let mut configuration = builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        configuration.alpn_protocols = vec![ALPN.to_vec()];
        configuration.send_tls13_tickets = 0;
        Some(Arc::new(configuration))
    }

    /// Answers http-01 from here on.
    pub(super) fn put_http(&self, token: &str, authorization: &str) -> io::Result<()> {
        if !is_token(token) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the authority's token is none"));
        }
        write_private(&self.0.join(token), authorization)
    }

    /// Answers tls-alpn-01 from here on.
    pub(super) fn put_tls(&self, domain: &str, digest: &[u8; 32]) -> io::Result<()> {
        // The authority says which; it chooses no file.
        let domain =
            super::domain::domain(domain).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the authority's name is none"))?;
        let pem = tls_certificate(&domain, digest).map_err(io::Error::other)?;
        write_private(&self.0.join(format!("{domain}.pem")), &pem)
    }

    /// Answers nothing from here on.
    pub(super) fn clear(&self) {
        for entry in std::fs::read_dir(&*self.0).into_iter().flatten().flatten() {
            // What can't be removed is of no use to anybody.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The protocol that asks for a challenge's certificate.
pub(in crate::accept) const ALPN: &[u8] = b"acme-tls/1";
const HTTP_PATH: &str = "/.well-known/acme-challenge/";
const LONGEST_TOKEN: usize = 200;

/// base64url, so it leads nowhere else.
fn is_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= LONGEST_TOKEN && text.bytes().all(is_plain)
}

fn tls_certificate(domain: &str, digest: &[u8; 32]) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([domain.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    Ok(params.self_signed(&key)?.pem() + &key.serialize_pem())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_given_while_it_is_pending_and_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let pending = folder.path().join("pending");
        std::fs::create_dir(&pending).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let challenges = Challenges::new(pending.clone());
        challenges.put_http("Ab-_9", "Ab-_9.thumb").unwrap();
        assert!(challenges.put_http("../x", "x").is_err());
        assert_eq!(std::fs::metadata(pending.join("Ab-_9")).unwrap().permissions().mode() & 0o777, 0o600);
        let ask = async |token: &str| challenges.http_answer(&format!("{HTTP_PATH}{token}")).await;
        assert_eq!(ask("Ab-_9").await, Some(Some("Ab-_9.thumb".to_owned())));
        for bad in ["", "other", "../secret", "%2e%2e/secret", ".", "a/b"] {
            assert_eq!(ask(bad).await, Some(None), "{bad}");
        }
        assert_eq!(challenges.http_answer("/notes").await, None);
        challenges.clear();
        assert_eq!(ask("Ab-_9").await, Some(None));
    }

    #[tokio::test]
    async fn a_name_is_proved_over_tls_while_it_is_pending() {
        let folder = tempfile::tempdir().unwrap();
        let challenges = Challenges::new(folder.path().to_owned());
        assert!(challenges.tls_answer("a.example").await.is_none());
        challenges.put_tls("a.example", &[7; 32]).unwrap();
        let configuration = challenges.tls_answer("A.example").await.unwrap();
        assert_eq!(configuration.alpn_protocols, [ALPN]);
        assert!(challenges.tls_answer("../a.example").await.is_none());
        let below = folder.path().join("below");
        std::fs::create_dir(&below).unwrap();
        for bad in ["../stolen", "/etc/x", "..", "a/b", ".a", ""] {
            assert!(Challenges::new(below.clone()).put_tls(bad, &[7; 32]).is_err(), "{bad}");
        }
        assert!(!folder.path().join("stolen.pem").exists(), "an authority chooses no file of ours");
        challenges.clear();
        assert!(challenges.tls_answer("a.example").await.is_none());
    }
}
