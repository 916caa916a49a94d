use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acme::AcmeSettings;

/// HTTPS: where the certificate comes from and which TLS is spoken.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// `dev`: an own certificate authority and a certificate for localhost, made at the first start. `files`: `cert_file` and `key_file`.
    /// `acme`: from an authority such as Let's Encrypt, ordered and renewed by the service (`tls.acme`).
    /// `behind_proxy`: plain HTTP from a TLS-terminating proxy, only with `proxy.trusted`. Default `dev`.
    pub mode: TlsMode,
    /// The certificate and its intermediates, PEM. Watched: a new one is taken within seconds, without dropping connections.
    pub cert_file: Option<PathBuf>,
    /// The certificate's private key, PEM (PKCS #8, PKCS #1 or SEC 1). Watched like `cert_file`.
    pub key_file: Option<PathBuf>,
    /// `intermediate`: TLS 1.2 and 1.3. `modern`: TLS 1.3 only. Default `intermediate`.
    pub profile: TlsProfile,
    /// Certificates from an ACME authority.
    pub acme: AcmeSettings,
}

impl TlsSettings {
    /// Whether the certificate is the one for development on this machine.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.mode == TlsMode::Dev
    }
}

/// Where the certificate comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// From an own certificate authority, for localhost.
    #[default]
    Dev,
    /// From a pair of PEM files.
    Files,
    /// From an ACME authority.
    Acme,
    /// From nowhere: a proxy terminates TLS.
    BehindProxy,
}

/// Which TLS is spoken, after [Mozilla's guidelines](https://wiki.mozilla.org/Security/Server_Side_TLS).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3.
    #[default]
    Intermediate,
    /// TLS 1.3 only.
    Modern,
}
