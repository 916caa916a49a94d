//! Tokens by jsonwebtoken (HS256, its fastest algorithm), passwords by argon2 on the blocking threads, as many at once as there are cores.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use peers::serve::Result;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::routes::App;

/// The keys, prepared once.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<(EncodingKey, DecodingKey, Validation)>);

#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) sub: String,
    pub(crate) role: String,
    jti: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self(Arc::new((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret), validation)))
    }

    pub(crate) fn sign(&self, sub: String, role: String) -> Option<String> {
        let iat = jiff::Timestamp::now().as_second();
        let jti = uuid::Uuid::new_v4().to_string();
        let claims = Claims { iss: ISSUER.to_owned(), aud: ISSUER.to_owned(), sub, role, jti, iat, exp: iat + 1800 };
        encode(&Header::new(Algorithm::HS256), &claims, &self.0.0).ok()
    }
}

impl FromRequestParts<App> for Claims {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> std::result::Result<Self, StatusCode> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        decode::<Self>(token, &app.tokens.0.1, &app.tokens.0.2).map(|token| token.claims).map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

pub(crate) fn hashing_permits() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)))
}

pub(crate) fn hash(password: &str) -> Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

pub(crate) async fn is_right(password: String, hash: String, permits: Arc<Semaphore>) -> bool {
    let Ok(_permit) = permits.acquire_owned().await else { return false };
    let verified = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    verified.await.unwrap_or(false)
}

const ISSUER: &str = "https://localhost";
