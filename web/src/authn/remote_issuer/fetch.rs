use std::sync::Arc;
use std::time::Duration;

use portcullis_core::token::PublicKey;
use serde_json::Value;

use super::{IssuerError, Name};

/// Where an issuer's keys come from.
#[derive(Clone)]
pub(super) struct Source {
    issuer: Name,
    client: reqwest::Client,
}

impl Source {
    pub(super) fn new(issuer: &str, authority: Option<&[u8]>) -> Result<Self, IssuerError> {
        let url = url::Url::parse(issuer).map_err(|_| IssuerError("not a URL".to_owned()))?;
        let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !is_plain {
            return Err(IssuerError("must be an https URL without user, query and fragment".to_owned()));
        }
        // Another part of the process may have chosen the provider already; it is the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut client =
            reqwest::Client::builder().https_only(true).redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(DEADLINE);
        if let Some(pem) = authority {
            let certificate = reqwest::Certificate::from_pem(pem).map_err(|error| IssuerError(error.to_string()))?;
            client = client.tls_certs_only([certificate]);
        }
        let client = client.build().map_err(|error| IssuerError(error.to_string()))?;
        Ok(Self { issuer: Arc::from(issuer), client })
    }

    pub(super) const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// The keys that the issuer publishes now. One deadline holds for all that this asks for.
    pub(super) async fn keys(&self) -> Result<Vec<PublicKey>, IssuerError> {
        tokio::time::timeout(DEADLINE, self.fetch()).await.unwrap_or_else(|_| Err(IssuerError("took too long".to_owned())))
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, IssuerError> {
        let metadata = self.metadata().await?;
        if metadata.get("issuer").and_then(Value::as_str) != Some(&*self.issuer) {
            return Err(IssuerError("the metadata names another issuer".to_owned()));
        }
        let address = metadata.get("jwks_uri").and_then(Value::as_str).ok_or_else(|| IssuerError("no jwks_uri".to_owned()))?;
        // Keys live where the issuer lives: its document can't send us into the private network.
        let same = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
        if same(address) != same(&self.issuer) {
            return Err(IssuerError("the keys stand at another origin".to_owned()));
        }
        let set = self.json(address).await?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or_else(|| IssuerError("no keys".to_owned()))?;
        if keys.len() > MOST_KEYS {
            return Err(IssuerError("too many keys".to_owned()));
        }
        Ok(keys.iter().filter_map(PublicKey::from_jwk).collect())
    }

    /// RFC 8414 puts the well-known part between host and path; OpenID Connect appends it.
    async fn metadata(&self) -> Result<Value, IssuerError> {
        let mut first = url::Url::parse(&self.issuer).map_err(|error| IssuerError(error.to_string()))?;
        let path = first.path().trim_end_matches('/').to_owned();
        first.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
        match self.json(first.as_str()).await {
            Ok(metadata) => Ok(metadata),
            Err(_) => self.json(&format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))).await,
        }
    }

    async fn json(&self, address: &str) -> Result<Value, IssuerError> {
        let failed = |error: reqwest::Error| IssuerError(error.without_url().to_string());
        let mut response = self.client.get(address).send().await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(IssuerError(format!("answered {}", response.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(IssuerError("answered too much".to_owned()));
            }
        }
        serde_json::from_slice(&body).map_err(|_| IssuerError("answered no JSON".to_owned()))
    }
}

const DEADLINE: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 256 * 1024;
const MOST_KEYS: usize = 64;
