use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::Failure;
use portcullis::web::accept::install_crypto_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::target::Target;

/// Whom to believe that the service is who it says: the authority in `file`, the development authority for this machine, else the system's.
pub(super) fn configuration(file: Option<&Path>, target: &Target, protocol: &'static str) -> Result<Arc<ClientConfig>, Failure> {
    install_crypto_provider();
    let development = || (target.is_this_machine() && Path::new(DEVELOPMENT).exists()).then(|| PathBuf::from(DEVELOPMENT));
    let mut configuration = match file.map(Path::to_owned).or_else(development) {
        Some(file) => ClientConfig::builder().with_root_certificates(roots(&file)?).with_no_client_auth(),
        None => {
            let builder = ClientConfig::builder().with_platform_verifier();
            let builder = builder.map_err(|error| Failure::new(format!("cannot use the system's certificate authorities: {error}")))?;
            builder.with_no_client_auth()
        }
    };
    configuration.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(Arc::new(configuration))
}

fn roots(file: &Path) -> Result<RootCertStore, Failure> {
    let cannot = |what: &dyn std::fmt::Display| Failure::usage(format!("cannot read the authority {}: {what}", file.display()));
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| cannot(&error))? {
        store.add(certificate.map_err(|error| cannot(&error))?).map_err(|error| cannot(&error))?;
    }
    if store.is_empty() { Err(cannot(&"there is no certificate in it; it has to be PEM")) } else { Ok(store) }
}

const DEVELOPMENT: &str = "data/tls/ca.pem";
