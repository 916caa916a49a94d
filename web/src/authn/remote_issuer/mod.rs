//! Trusting the tokens of an external issuer (resource-server mode).
//!
//! Let through: access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)) signed by a key that the issuer publishes, issued by
//! exactly the configured issuer, for the configured audience. Refused: everything else. Who they name is a subject of that issuer, never an
//! account of this service, and has only the roles and scopes that the application maps. The keys are fetched in the background every five
//! minutes, and again when a token names an unknown one (at most every 30 seconds); the last good ones serve for an hour while the issuer is
//! away. The operator names the issuer, the audience, and a certificate authority if it isn't a public one.

mod fetch;
mod judge;
mod keys;
mod mapping;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use portcullis_core::RoleKind;

use fetch::Source;
pub(crate) use judge::TrustedIssuer;
use mapping::Mapping;

/// An external issuer whose access tokens are believed, and what its names mean here.
///
/// `R` are the roles that its roles are mapped to.
pub struct RemoteIssuer<R = Unmapped> {
    source: Source,
    audience: String,
    mapping: Mapping,
    roles: PhantomData<fn() -> R>,
}

/// No role of the issuer means anything here.
#[derive(Clone, Copy, Debug)]
pub enum Unmapped {}

/// Says that an application with roles `R` can trust an issuer whose roles are mapped to `Self`.
#[diagnostic::on_unimplemented(
    message = "the issuer's roles are mapped to `{Self}`, but the application's roles are `{R}`",
    note = "name the application's roles in `map_role`"
)]
pub trait MappedTo<R> {}

impl<R: RoleKind> MappedTo<R> for R {}
impl<R> MappedTo<R> for Unmapped {}

/// The issuer can't be trusted as configured, or can't be asked now.
#[derive(Debug, thiserror::Error)]
#[error("issuer: {0}")]
pub struct IssuerError(String);

impl RemoteIssuer {
    /// Trusts this issuer's tokens for this audience. `authority` is the PEM of a certificate authority, for issuers without a public one.
    ///
    /// # Errors
    /// When the issuer isn't an `https` URL without user, query and fragment, the audience is empty, or the certificate can't be read.
    pub fn new(issuer: &str, audience: &str, authority: Option<&[u8]>) -> Result<Self, IssuerError> {
        if audience.is_empty() {
            return Err(IssuerError("the audience is empty: name this service as the issuer's tokens do".to_owned()));
        }
        let source = Source::new(issuer, authority)?;
        Ok(Self { source, audience: audience.to_owned(), mapping: Mapping::default(), roles: PhantomData })
    }

    /// Gives a role of the application to whoever has this role at the issuer (claim `roles`). Equal names mean nothing: a role that isn't
    /// mapped is no role. Whoever has several gets the most trusted one of those that are mapped.
    #[must_use]
    pub fn map_role<R: RoleKind>(self, external: &str, role: R) -> RemoteIssuer<R> {
        let Self { source, audience, mut mapping, roles: _ } = self;
        mapping.roles.push((external.to_owned(), role.entry()));
        RemoteIssuer { source, audience, mapping, roles: PhantomData }
    }
}

impl<R: RoleKind> RemoteIssuer<R> {
    /// Maps one more role of the issuer.
    #[must_use]
    pub fn map_role(mut self, external: &str, role: R) -> Self {
        self.mapping.roles.push((external.to_owned(), role.entry()));
        self
    }
}

impl<R> RemoteIssuer<R> {
    /// Takes a scope of the issuer for one that the application declares. A token with a mapped scope passes only policies that name a scope
    /// which it holds. Scopes that aren't mapped count for nothing: a token without a mapped one passes every policy that names no scope.
    #[must_use]
    pub fn map_scope(mut self, external: &str, scope: &str) -> Self {
        self.mapping.scopes.push((external.to_owned(), scope.to_owned()));
        self
    }

    /// Takes tokens that the issuer gave to this client (claim `client_id`) for log-ins to the application itself: without a mapped scope they
    /// are not restricted, and pass policies that name one.
    #[must_use]
    pub fn first_party_client(mut self, client: &str) -> Self {
        self.mapping.first_party.push(client.to_owned());
        self
    }

    /// Restricts tokens of other clients without any mapped scope as well: they pass no policy that somebody has to be signed in for. Use it
    /// when the issuer gives tokens to clients that aren't the application's own, which could otherwise ask for fewer scopes to be restricted
    /// less.
    #[must_use]
    pub fn require_scope(mut self) -> Self {
        self.mapping.requires_scope = true;
        self
    }

    /// Takes the issuer's subjects for the identifiers that objects belong to, for an issuer whose subjects are UUIDs and a database that
    /// names owners by them. Tokens of other subjects are refused. Without this, owners are derived from issuer and subject.
    ///
    /// Nothing else in the database may be named by the same identifiers: accounts that the application once had are such.
    #[must_use]
    pub fn subjects_are_ids(mut self) -> Self {
        self.mapping.subjects_are_ids = true;
        self
    }

    pub(crate) fn into_trusted(self) -> TrustedIssuer {
        TrustedIssuer { source: self.source, audience: self.audience, mapping: self.mapping }
    }
}

impl<R> fmt::Debug for RemoteIssuer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteIssuer({})", self.source.issuer())
    }
}

/// The name of an issuer, shared by all of its subjects.
type Name = Arc<str>;
