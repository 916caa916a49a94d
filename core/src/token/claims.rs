use serde::{Deserialize, Serialize};

/// What an access token says ([RFC 9068 section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The subject.
    pub sub: String,
    /// Who it is for.
    pub aud: Audience,
    /// When it ends, in seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: i64,
    /// When it was issued.
    #[serde(deserialize_with = "numeric_date")]
    pub iat: i64,
    /// From when on it counts.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_numeric_date")]
    pub nbf: Option<i64>,
    /// Its own identifier.
    pub jti: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// When the subject last proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_numeric_date")]
    pub auth_time: Option<i64>,
    /// The session that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The scopes that it is restricted to, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The subject's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How the subject proved who they are.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// One audience or several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(own) => own == audience,
            Self::Several(list) => list.iter().any(|own| own == audience),
        }
    }
}

impl From<String> for Audience {
    fn from(audience: String) -> Self {
        Self::One(audience)
    }
}

/// A whole number of seconds between 1970 and 9999: no text, no fraction, nothing huge or negative.
fn numeric_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    if (0..=LAST_SECOND).contains(&seconds) { Ok(seconds) } else { Err(serde::de::Error::custom("not a date")) }
}

fn optional_numeric_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

const LAST_SECOND: i64 = 253_402_300_799;
