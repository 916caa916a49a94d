use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::verifier::TokenError;

/// A compact JWS, taken apart but not believed ([RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1)).
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    pub(super) signed: &'a str,
    pub(super) claims: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// The header's members that we know; those that would let a token choose its own key are looked for so that they can be refused.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default)]
    pub(super) typ: String,
    #[serde(default)]
    pub(super) kid: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
    #[serde(default)]
    jwk: Option<serde_json::Value>,
    #[serde(default)]
    jku: Option<serde_json::Value>,
    #[serde(default)]
    x5u: Option<serde_json::Value>,
    #[serde(default)]
    x5c: Option<serde_json::Value>,
    #[serde(default)]
    zip: Option<serde_json::Value>,
}

impl<'a> Compact<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MOST_BYTES || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err(TokenError::Malformed);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::Malformed);
        };
        let signed = token.get(..header.len() + 1 + claims.len()).ok_or(TokenError::Malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        let choosing = [&header.crit, &header.jwk, &header.jku, &header.x5u, &header.x5c, &header.zip];
        if choosing.iter().any(|member| member.is_some()) {
            return Err(TokenError::Header);
        }
        Ok(Self { header, signed, claims: decode(claims)?, signature: decode(signature)? })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

const MOST_BYTES: usize = 8192;
