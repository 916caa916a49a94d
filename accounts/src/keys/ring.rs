use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use portcullis_core::token::{AccessClaims, Expected, SigningKey, TokenError, Verifier};
use portcullis_core::{Clock, Id, Secret, Timestamp};
use portcullis_store::{Database, Reserved, Transaction};
use portcullis_web::app::MasterKey;

use super::freshness::Freshness;
use super::plan::{CACHED, Use, plan};
use super::sealed::{ALL, Sealed, place};
use crate::error::AccountError;
use crate::secrets::{Sealer, SecretError};
use crate::service::LOOK;

/// The signing keys of the service: generated at the first start, rotated without an outage. Cheap to clone.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    sealer: Sealer,
    issuer: String,
    token_lifetime: Duration,
    keys: RwLock<Arc<Vec<Held>>>,
    /// What the keys are read through, whatever holds up the connections of requests.
    reserved: Reserved,
    freshness: Freshness,
}

struct Held {
    key: SigningKey,
    created_at: Timestamp,
    signs_from: Timestamp,
}

/// What an access token says.
pub(crate) struct AccessToken<'a> {
    pub(crate) subject: Id,
    pub(crate) role: &'a str,
    pub(crate) session: Id,
    pub(crate) client: &'a str,
    pub(crate) scope: Option<&'a str>,
    pub(crate) methods: &'a str,
    pub(crate) authenticated_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) id: Id,
}

/// What a verified access token said.
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) session: Id,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) expires_at: Timestamp,
}

/// A signing key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyView {
    /// The key's identifier, its thumbprint ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)).
    pub kid: String,
    /// `next`, `active` or `retiring`.
    pub state: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
}

/// A key that signs, taken before anything is written that its token is for: what happens to the ring meanwhile stops no answer.
pub(crate) struct Signer {
    ring: KeyRing,
    held: Arc<Vec<Held>>,
    active: usize,
}

impl Signer {
    /// Signs an access token ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068#section-2)).
    pub(crate) fn sign_access_token(&self, token: &AccessToken<'_>) -> Result<Secret, AccountError> {
        let held = self.held.get(self.active).ok_or_else(|| AccountError::Internal("the key that signs is gone".to_owned()))?;
        self.ring.sign(&held.key, token)
    }
}

impl KeyRing {
    /// Opens the keys of a database, and makes the first one when there is none.
    pub(crate) async fn open(
        database: Database,
        clock: Clock,
        master: &MasterKey,
        issuer: &str,
        token_seconds: u32,
    ) -> Result<Self, AccountError> {
        let ring = Self(Arc::new(Inner {
            reserved: database.reserve(LOOK),
            freshness: Freshness::default(),
            database,
            clock,
            sealer: Sealer::new(master)?,
            issuer: issuer.to_owned(),
            token_lifetime: Duration::from_secs(u64::from(token_seconds)),
            keys: RwLock::default(),
        }));
        ring.check_master_key().await?;
        ring.reload().await?;
        if ring.held().is_empty() {
            ring.make_first().await?;
            ring.reload().await?;
        }
        Ok(ring)
    }

    /// The public keys, as a JWK set ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let held = self.held();
        let published = self.uses(&held).into_iter().zip(held.iter()).filter(|(state, _)| *state != Use::Gone);
        serde_json::json!({ "keys": published.map(|(_, held)| held.key.jwk()).collect::<Vec<_>>() })
    }

    /// How many seconds a verifier may keep the key set.
    #[must_use]
    pub const fn cache_seconds() -> u64 {
        CACHED.as_secs() / 3
    }

    /// The keys in use, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<KeyView> {
        let held = self.held();
        let view = |(state, held): (Use, &Held)| {
            let state = match state {
                Use::Next => "next",
                Use::Active => "active",
                Use::Retiring => "retiring",
                Use::Gone => return None,
            };
            Some(KeyView { kid: held.key.kid().to_owned(), state, created_at: held.created_at, signs_from: held.signs_from })
        };
        self.uses(&held).into_iter().zip(held.iter()).filter_map(view).collect()
    }

    /// Makes the key that will sign after verifiers have had time to learn it. Tokens of the old one stay valid until they expire.
    pub(crate) async fn add_next(&self, transaction: &mut Transaction) -> Result<KeyView, AccountError> {
        let now = self.0.clock.now();
        let (kid, signs_from) = (self.insert(transaction, now + CACHED).await?, now + CACHED);
        let (held, lifetime) = (self.held(), self.0.token_lifetime);
        let begins: Vec<Timestamp> = held.iter().map(|held| held.signs_from).collect();
        for (state, gone) in plan(&begins, now, lifetime).into_iter().zip(held.iter()) {
            if state == Use::Gone {
                let delete = transaction.query("DELETE FROM portcullis_signing_keys WHERE kid = $1");
                delete.bind(gone.key.kid()).execute().await?;
            }
        }
        Ok(KeyView { kid, state: "next", created_at: now, signs_from })
    }

    /// Reads the keys from the database again.
    pub(crate) async fn reload(&self) -> Result<(), AccountError> {
        self.distrust();
        self.refresh().await
    }

    /// The keys held here may be out of date: none of them verifies before they are read again.
    pub(crate) fn distrust(&self) {
        self.0.freshness.distrust();
    }

    /// Reads the keys again if they may be out of date.
    pub(crate) async fn refresh(&self) -> Result<(), AccountError> {
        self.0.freshness.refresh(|| self.read()).await
    }

    async fn read(&self) -> Result<(), AccountError> {
        let rows: Vec<Sealed> = self.0.reserved.fetch_all(ALL).await?;
        let held = rows.into_iter().map(|row| self.unseal(&row)).collect::<Result<Vec<_>, _>>()?;
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
        Ok(())
    }

    /// The key that signs at this moment.
    pub(crate) fn signer(&self) -> Result<Signer, AccountError> {
        let held = self.held();
        let active = self.uses(&held).into_iter().position(|state| state == Use::Active);
        let active = active.ok_or_else(|| AccountError::Internal("no key signs at the moment".to_owned()))?;
        Ok(Signer { ring: self.clone(), held, active })
    }

    fn sign(&self, key: &SigningKey, token: &AccessToken<'_>) -> Result<Secret, AccountError> {
        let claims = AccessClaims {
            iss: self.0.issuer.clone(),
            sub: token.subject.to_string(),
            aud: self.0.issuer.clone().into(),
            exp: (token.issued_at + self.0.token_lifetime).as_seconds(),
            iat: token.issued_at.as_seconds(),
            nbf: None,
            jti: token.id.to_string(),
            client_id: token.client.to_owned(),
            auth_time: Some(token.authenticated_at.as_seconds()),
            sid: Some(token.session.to_string()),
            scope: token.scope.map(str::to_owned),
            roles: vec![token.role.to_owned()],
            amr: token.methods.split(' ').map(str::to_owned).collect(),
        };
        key.sign(&claims).map(Secret::new).map_err(|error| AccountError::Internal(error.to_string()))
    }

    /// Verifies an access token of this service: signature, issuer, audience and times; its session is another matter.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, &'static str> {
        let held = self.held();
        let live = self.uses(&held).into_iter().zip(held.iter()).filter(|(state, _)| *state != Use::Gone);
        let verifier = Verifier::new(live.map(|(_, held)| held.key.public()).collect());
        let expected = Expected { issuer: &self.0.issuer, audience: &self.0.issuer, now, leeway: 0 };
        let claims = verifier.verify(token, &expected).map_err(|error| match error {
            TokenError::Time => "outside its time",
            TokenError::UnknownKey => "no key of ours signed it",
            TokenError::Malformed | TokenError::Header | TokenError::Signature | TokenError::NotForUs | TokenError::NoSubject | _ => {
                "not a token of ours"
            }
        })?;
        Ok(Verified {
            subject: claims.sub,
            session: claims.sid.as_deref().unwrap_or("").parse().map_err(|_| "no session")?,
            scopes: claims.scope.map(|scope| scope.split(' ').filter(|one| !one.is_empty()).map(str::to_owned).collect()),
            expires_at: Timestamp::from_seconds(claims.exp),
        })
    }

    fn held(&self) -> Arc<Vec<Held>> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn uses(&self, held: &[Held]) -> Vec<Use> {
        let begins: Vec<Timestamp> = held.iter().map(|held| held.signs_from).collect();
        plan(&begins, self.0.clock.now(), self.0.token_lifetime)
    }

    /// Two processes that start at once on a new database agree on one key: the row that counts epochs is locked first.
    async fn make_first(&self) -> Result<(), AccountError> {
        let mut transaction = self.0.database.begin().await?;
        transaction.query("UPDATE portcullis_security_epoch SET epoch = epoch + 1 WHERE id = 1").execute().await?;
        let (count,): (i64,) = transaction.query("SELECT COUNT(*) FROM portcullis_signing_keys").fetch_one().await?;
        if count == 0 {
            self.insert(&mut transaction, self.0.clock.now()).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn insert(&self, transaction: &mut Transaction, signs_from: Timestamp) -> Result<String, AccountError> {
        let key = SigningKey::generate().map_err(|error| AccountError::Internal(error.to_string()))?;
        let sealed = self.0.sealer.seal(&place(key.kid()), key.to_pkcs8())?;
        transaction
            .query("INSERT INTO portcullis_signing_keys (kid, algorithm, sealed, created_at, signs_from) VALUES ($1, $2, $3, $4, $5)")
            .bind(key.kid())
            .bind("EdDSA")
            .bind(sealed)
            .bind(self.0.clock.now())
            .bind(signs_from)
            .execute()
            .await?;
        Ok(key.kid().to_owned())
    }

    fn unseal(&self, row: &Sealed) -> Result<Held, AccountError> {
        let pkcs8 = self.0.sealer.open(&place(&row.kid), &row.sealed).ok_or(SecretError::WrongMasterKey)?;
        let key = SigningKey::from_pkcs8(&pkcs8).map_err(|error| AccountError::Internal(error.to_string()))?;
        Ok(Held { key, created_at: row.created_at, signs_from: row.signs_from })
    }

    /// Seals a known text at the first start, and opens it at every other.
    async fn check_master_key(&self) -> Result<(), AccountError> {
        let sealed = self.0.sealer.seal(CHECK, CHECK.as_bytes())?;
        let insert = "INSERT INTO portcullis_master_key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
        self.0.database.query(insert).bind(sealed).execute().await?;
        let (stored,): (String,) = self.0.database.query("SELECT sealed FROM portcullis_master_key_check WHERE id = 1").fetch_one().await?;
        self.0.sealer.open(CHECK, &stored).map(|_| ()).ok_or_else(|| SecretError::WrongMasterKey.into())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

const CHECK: &str = "portcullis master key check";
