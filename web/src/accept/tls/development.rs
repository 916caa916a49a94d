use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_core::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::CryptoProvider;

use super::pair::Pair;
use super::private_file::{private_folder, write_private};
use crate::app::StartError;

/// The certificate authority of this machine and its certificate for localhost, in a folder of their own.
///
/// The authority is constrained to localhost, 127.0.0.1 and `::1`: who trusts it in a browser doesn't have to trust whoever steals its key
/// with any other name.
#[derive(Debug)]
pub(super) struct Development {
    folder: PathBuf,
}

impl Development {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("tls") }
    }

    /// The certificate and key files.
    pub(super) fn files(&self) -> [PathBuf; 2] {
        [self.file("cert.pem"), self.file("key.pem")]
    }

    /// Makes what isn't there yet, and renews what ends soon.
    pub(super) fn ensure(&self, now: Timestamp, provider: &CryptoProvider) -> Result<(), StartError> {
        private_folder(&self.folder).map_err(|error| cannot("make", &self.folder, &error))?;
        let authority = self.authority(now, provider)?;
        let [certificate_file, key_file] = self.files();
        // The chain ends in the authority that made it.
        let made_by_it = std::fs::read_to_string(&certificate_file).is_ok_and(|chain| chain.ends_with(&authority.pem));
        if made_by_it && lasts(&certificate_file, &key_file, now + RENEW_LEAF, provider) {
            return Ok(());
        }
        let (certificate, key) =
            leaf(&authority, now).map_err(|error| StartError::new(format_args!("cannot make a certificate: {error}")))?;
        self.write("key.pem", &key)?;
        self.write("cert.pem", &(certificate + &authority.pem))
    }

    /// The authority that is there, or a new one when it is missing, damaged, or doesn't last as long as a certificate has to.
    fn authority(&self, now: Timestamp, provider: &CryptoProvider) -> Result<Authority, StartError> {
        let (pem_file, key_file) = (self.file("ca.pem"), self.file("ca.key"));
        if lasts(&pem_file, &key_file, now + LEAF, provider) {
            let pem = std::fs::read_to_string(&pem_file).map_err(|error| cannot("read", &pem_file, &error))?;
            let key = std::fs::read_to_string(&key_file).map_err(|error| cannot("read", &key_file, &error))?;
            let key =
                KeyPair::from_pem(&key).map_err(|error| StartError::new(format_args!("cannot use {}: {error}", key_file.display())))?;
            return Ok(Authority { pem, key, params: authority_params(now) });
        }
        if pem_file.exists() {
            tracing::warn!(
                event = "development_authority_replaced",
                "the development certificate authority ended or is damaged; trust the new one"
            );
        }
        let authority =
            new_authority(now).map_err(|error| StartError::new(format_args!("cannot make a certificate authority: {error}")))?;
        self.write("ca.key", &authority.key.serialize_pem())?;
        self.write("ca.pem", &authority.pem)?;
        Ok(authority)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StartError> {
        let path = self.file(name);
        write_private(&path, text).map_err(|error| cannot("write", &path, &error))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StartError {
    StartError::new(format_args!("cannot {what} {}: {error}; the service needs a `data_dir` that it can write to", path.display()))
}

struct Authority {
    pem: String,
    key: KeyPair,
    params: CertificateParams,
}

/// Whether two files hold a matching pair that is valid until then.
fn lasts(certificate: &Path, key: &Path, until: Timestamp, provider: &CryptoProvider) -> bool {
    let (Ok(certificate), Ok(key)) = (std::fs::read(certificate), std::fs::read(key)) else { return false };
    Pair::parse(&certificate, &key, provider).is_ok_and(|pair| pair.expires > until)
}

fn new_authority(now: Timestamp) -> Result<Authority, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let params = authority_params(now);
    let pem = params.self_signed(&key)?.pem();
    Ok(Authority { pem, key, params })
}

fn authority_params(now: Timestamp) -> CertificateParams {
    let mut params = validity(now, AUTHORITY);
    params.distinguished_name = name("Portcullis development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 1], 32)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn leaf(authority: &Authority, now: Timestamp) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = validity(now, LEAF);
    params.subject_alt_names = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?.subject_alt_names;
    params.distinguished_name = name("localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_params(&authority.params, &authority.key);
    Ok((params.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
}

/// Valid from yesterday, because clocks differ.
fn validity(now: Timestamp, time: Duration) -> CertificateParams {
    let seconds = |moment: Timestamp| Duration::from_secs(u64::try_from(moment.as_seconds()).unwrap_or(0));
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + seconds(now - DAY);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + seconds(now + time);
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

const DAY: Duration = Duration::from_secs(86_400);
const AUTHORITY: Duration = Duration::from_secs(3650 * 86_400);
const LEAF: Duration = Duration::from_secs(90 * 86_400);
const RENEW_LEAF: Duration = Duration::from_secs(30 * 86_400);
