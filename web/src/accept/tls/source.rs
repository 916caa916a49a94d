use std::path::{Path, PathBuf};

use portcullis_core::Timestamp;
use rustls::crypto::CryptoProvider;

use super::development::Development;
use super::pair::Pair;
use crate::app::StartError;

/// Where the certificate comes from.
pub(super) enum Source {
    /// The development authority's, made and renewed here.
    Development(Development),
    /// An operator's files.
    Files { certificate: PathBuf, key: PathBuf },
    /// An ACME authority's, certificate and key in one file; the development authority's until it is there.
    Acme { issued: PathBuf, domains: Vec<String>, meanwhile: Development },
}

/// What lies in a source's files.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// From an ACME authority.
    pub(super) is_issued: bool,
}

impl Source {
    /// The file to name when something is wrong.
    pub(super) fn file(&self) -> PathBuf {
        match self {
            Self::Development(development) => {
                let [certificate, _] = development.files();
                certificate
            }
            Self::Files { certificate, .. } => certificate.clone(),
            Self::Acme { issued, .. } => issued.clone(),
        }
    }

    /// Makes or renews what is made here.
    pub(super) fn prepare(&self, now: Timestamp, provider: &CryptoProvider) -> Result<(), StartError> {
        match self {
            Self::Development(development) | Self::Acme { meanwhile: development, .. } => development.ensure(now, provider),
            Self::Files { .. } => Ok(()),
        }
    }

    pub(super) fn read(&self) -> Result<Texts, String> {
        match self {
            Self::Development(development) => read_development(development),
            Self::Files { certificate, key } => read(certificate, key),
            Self::Acme { issued, meanwhile, .. } if !issued.exists() => read_development(meanwhile),
            Self::Acme { issued, .. } => read(issued, issued).map(|texts| Texts { is_issued: true, ..texts }),
        }
    }

    /// What is served when the authority's certificate can't be.
    pub(super) fn read_meanwhile(&self) -> Option<Result<Texts, String>> {
        if let Self::Acme { meanwhile, .. } = self { Some(read_development(meanwhile)) } else { None }
    }

    /// Why a pair from the authority isn't the one that was ordered.
    pub(super) fn objection(&self, pair: &Pair) -> Option<String> {
        let Self::Acme { domains, .. } = self else { return None };
        let missing = domains.iter().find(|domain| !pair.is_for(domain))?;
        Some(format!("the certificate is not for {missing}"))
    }
}

fn read_development(development: &Development) -> Result<Texts, String> {
    let [certificate, key] = development.files();
    read(&certificate, &key)
}

fn read(certificate: &Path, key: &Path) -> Result<Texts, String> {
    let certificate = std::fs::read(certificate).map_err(|error| {
        format!("cannot read the certificate {}: {error}; does it exist, and may the service read it?", certificate.display())
    })?;
    let key = std::fs::read(key)
        .map_err(|error| format!("cannot read the private key {}: {error}; does it exist, and may the service read it?", key.display()))?;
    Ok(Texts { certificate, key, is_issued: false })
}
