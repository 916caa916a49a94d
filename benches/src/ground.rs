use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::Result;
use crate::client::Trust;
use crate::peers::Ground;

/// Finds the programs, and makes one certificate for all servers: ECDSA on P-256, as notes makes them itself.
pub(crate) fn prepare(folder: &Path) -> Result<Ground> {
    let target = std::env::current_exe()?.parent().ok_or("no folder of programs")?.to_path_buf();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no project")?.to_path_buf();
    let key_pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let shown = parameters.self_signed(&key_pair)?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate, shown.pem())?;
    fs::write(&key, key_pair.serialize_pem())?;
    Ok(Ground { target, root, folder: folder.to_path_buf(), certificate, key, trust: Trust::new(shown.der().clone())? })
}
