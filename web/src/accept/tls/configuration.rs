use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};

use super::{Certificates, TlsProfile};
use crate::app::StartError;

/// Makes our cryptography the process's default, for HTTP clients that ask for it; once set, it stays.
pub fn install_crypto_provider() {
    // An error says that there already is one.
    let _ = provider().install_default();
}

/// The cryptography of TLS: post-quantum key exchange first; suites with forward secrecy and AEAD only, as rustls has no others.
pub(in crate::accept) fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1], ..aws_lc_rs::default_provider() }
}

/// What the TLS listener offers. No 0-RTT: rustls has it off, and nothing here turns it on.
pub(in crate::accept) fn server_configuration(certificates: &Certificates, profile: TlsProfile) -> Result<Arc<ServerConfig>, StartError> {
    let cannot = |error| StartError::new(format_args!("cannot set up TLS: {error}"));
    let versions: &[_] = match profile {
        TlsProfile::Intermediate => &[&TLS13, &TLS12],
        TlsProfile::Modern => &[&TLS13],
    };
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(versions)
        .map_err(cannot)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates.clone()));
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Its keys rotate every six hours.
    configuration.ticketer = aws_lc_rs::Ticketer::new().map_err(cannot)?;
    warm_up(certificates).map_err(cannot)?;
    Ok(Arc::new(configuration))
}

/// One key exchange and one signature that nobody needs: the first of a process seed the random source, which takes some 60 ms.
fn warm_up(certificates: &Certificates) -> Result<(), rustls::Error> {
    let share = X25519MLKEM768.start()?;
    drop(X25519.start()?.complete(X25519.start()?.pub_key())?);
    drop(share);
    let key = certificates.current();
    if let Some(signer) = key.key.choose_scheme(&provider().signature_verification_algorithms.supported_schemes()) {
        signer.sign(b"warm up")?;
    }
    Ok(())
}
