use std::path::PathBuf;

use portcullis_core::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::config::masked;

/// A certificate from an ACME authority such as Let's Encrypt; with `tls.mode` = `acme` the operator agrees to its terms of service.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcmeSettings {
    /// The names that the certificate is for, such as `example.com,www.example.com`. Empty: the host of `public_url`.
    pub domains: Vec<String>,
    /// Mail addresses for the authority's warnings, such as `admin@example.com`. May be empty.
    pub contact: Vec<String>,
    /// The authority's directory. Unset: Let's Encrypt.
    pub directory_url: Option<String>,
    /// Takes Let's Encrypt's staging authority, whose certificates no browser trusts: try it first, its limits are generous.
    pub staging: bool,
    /// PEM file of the certificates that the authority's own HTTPS is trusted by, for a private authority. Unset: those of the system.
    pub ca_file: Option<PathBuf>,
    /// How the authority makes sure that the names lead here. `http-01`: it asks port 80, which has to reach `http_listen`. `tls-alpn-01`: it asks port 443, which has to reach `listen`. Default `http-01`.
    pub challenge: AcmeChallenge,
    /// External account binding, where the authority demands it: the key's identifier. May be given as a file: `PORTCULLIS_TLS__ACME__EAB_KID_FILE`.
    pub eab_kid: Option<String>,
    /// External account binding: the key, base64url. May be given as a file: `PORTCULLIS_TLS__ACME__EAB_HMAC_KEY_FILE`.
    #[serde(serialize_with = "masked")]
    pub eab_hmac_key: Option<Secret>,
}

/// How the authority makes sure that a name leads here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub enum AcmeChallenge {
    /// It asks for a text over plain HTTP, port 80.
    #[default]
    #[serde(rename = "http-01")]
    Http01,
    /// It asks for a certificate over TLS, port 443.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}
