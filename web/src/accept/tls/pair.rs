use std::sync::Arc;

use portcullis_core::Timestamp;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

/// A certificate with its private key, which match.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) begins: Timestamp,
    pub(super) expires: Timestamp,
}

/// Why two PEM texts are no pair.
#[derive(PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum BadPair {
    #[error("the certificate file holds no PEM certificate")]
    NoCertificate,
    #[error("the certificate file is no valid PEM: {0}")]
    CertificatePem(String),
    #[error("the certificate is not a valid X.509 certificate")]
    Certificate,
    #[error("the key file holds no PEM private key that can be read: {0}")]
    KeyPem(String),
    #[error("the private key does not belong to the certificate: give the key that the certificate was made with")]
    Mismatch,
    #[error("the private key cannot be used: {0}")]
    Key(String),
}

impl Pair {
    /// Reads the PEM texts of a certificate chain and its key.
    pub(super) fn parse(certificates: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Self, BadPair> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| BadPair::CertificatePem(error.to_string()))?;
        let leaf = chain.first().ok_or(BadPair::NoCertificate)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|_| BadPair::Certificate)?;
        let begins = Timestamp::from_seconds(parsed.validity().not_before.timestamp());
        let expires = Timestamp::from_seconds(parsed.validity().not_after.timestamp());
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| BadPair::KeyPem(error.to_string()))?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            if matches!(error, rustls::Error::InconsistentKeys(_)) { BadPair::Mismatch } else { BadPair::Key(error.to_string()) }
        })?;
        Ok(Self { key: Arc::new(key), begins, expires })
    }

    /// Whether clients that ask for this name accept the certificate.
    pub(super) fn is_for(&self, name: &str) -> bool {
        let leaf = self.key.cert.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
        let name = ServerName::try_from(name.trim_matches(['[', ']']));
        leaf.zip(name.ok()).is_some_and(|(leaf, name)| verify_server_name(&leaf, &name).is_ok())
    }
}
