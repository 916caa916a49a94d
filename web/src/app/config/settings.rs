use std::net::SocketAddr;
use std::path::PathBuf;

use portcullis_core::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accept::{LimitsSettings, TlsSettings};
use crate::admit::{CorsSettings, RateLimitSettings};
use crate::observe::LogSettings;
use crate::respond::HeadersSettings;

/// The settings of a service.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where HTTPS is served.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/startupz` and `/metrics` are served, in plain HTTP. Keep it off the public network.
    #[schemars(with = "String")]
    pub management_listen: SocketAddr,
    /// Where plain HTTP is redirected to HTTPS, and the challenge http-01 of `tls.mode` = `acme` is answered; then `0.0.0.0:80`. Unset: nowhere.
    #[schemars(with = "Option<String>")]
    pub http_listen: Option<SocketAddr>,
    /// The address that clients use: issuer of tokens and base of every absolute link. Never taken from a request.
    pub public_url: String,
    /// Further host names that requests may carry in `Host`, beside the one of `public_url`.
    pub hosts: Vec<String>,
    /// The folder for the database, keys and certificates, mode 0700.
    #[schemars(with = "String")]
    pub data_dir: PathBuf,
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`. Unset: `portcullis.db` in `data_dir`. May be given as a file: `PORTCULLIS_DATABASE_URL_FILE`.
    #[serde(serialize_with = "masked")]
    pub database_url: Option<Secret>,
    /// The base64 of the 32 bytes that every key of the service is derived from. Unset: `master.key` in `data_dir`, made at the first start. May be given as a file: `PORTCULLIS_MASTER_KEY_FILE`.
    #[serde(serialize_with = "masked")]
    pub master_key: Option<Secret>,
    /// HTTPS.
    pub tls: TlsSettings,
    /// Reverse proxies.
    pub proxy: ProxySettings,
    /// Sizes, times and numbers.
    pub limits: LimitsSettings,
    /// Rate limits.
    pub rate_limit: RateLimitSettings,
    /// Cross-origin requests.
    pub cors: CorsSettings,
    /// Security headers.
    pub headers: HeadersSettings,
    /// Logs.
    pub log: LogSettings,
    /// The documentation pages.
    pub docs: DocsSettings,
}

/// Reverse proxies whose word about the client's address counts.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxySettings {
    /// The proxies' networks, such as `10.0.0.0/8`. A forwarded address counts only when the peer is in one of them.
    pub trusted: Vec<String>,
    /// The one header that the proxies write: `x-forwarded-for` or `forwarded`.
    pub header: crate::admit::ForwardedHeader,
}

/// The documentation pages: `/openapi.json`, `/docs`, `/redoc`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocsSettings {
    /// Who may read them: `public`, `authenticated` or `off`. Unset: `public` with the development certificate, else `off`.
    pub access: Option<DocsAccess>,
}

/// Who may read the documentation pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocsAccess {
    /// Everyone.
    Public,
    /// Signed-in callers.
    Authenticated,
    /// Nobody.
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            management_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            http_listen: None,
            public_url: "https://localhost:8443".to_owned(),
            hosts: Vec::new(),
            data_dir: PathBuf::from("data"),
            database_url: None,
            master_key: None,
            tls: TlsSettings::default(),
            proxy: ProxySettings::default(),
            limits: LimitsSettings::default(),
            rate_limit: RateLimitSettings::default(),
            cors: CorsSettings::default(),
            headers: HeadersSettings::default(),
            log: LogSettings::default(),
            docs: DocsSettings::default(),
        }
    }
}

impl Settings {
    /// Who may read the documentation pages, decided.
    #[must_use]
    pub fn docs_access(&self) -> DocsAccess {
        let open = if self.tls.is_development() { DocsAccess::Public } else { DocsAccess::Off };
        self.docs.access.unwrap_or(open)
    }

    /// The database, decided.
    #[must_use]
    pub fn database_url(&self) -> Secret {
        self.database_url.clone().unwrap_or_else(|| Secret::new(format!("sqlite://{}", self.data_dir.join("portcullis.db").display())))
    }
}

/// A secret is shown as set or unset, never itself.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(crate) fn masked<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("***"),
        None => serializer.serialize_none(),
    }
}
