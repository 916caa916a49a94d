use portcullis_core::token::AccessClaims;
use portcullis_core::{Identity, RoleEntry, Timestamp};

use super::Name;

/// What the names in an issuer's tokens mean to the application.
#[derive(Default)]
pub(super) struct Mapping {
    pub(super) roles: Vec<(String, &'static RoleEntry)>,
    pub(super) scopes: Vec<(String, String)>,
    pub(super) first_party: Vec<String>,
    pub(super) requires_scope: bool,
    pub(super) subjects_are_ids: bool,
}

impl Mapping {
    /// The caller whom these claims name; `None` when its subject can't own anything although it should.
    pub(super) fn identity(&self, issuer: &Name, claims: AccessClaims) -> Option<Identity> {
        let mut identity = Identity::external(Name::clone(issuer), claims.sub);
        if self.subjects_are_ids {
            identity.owner = Some(identity.subject.parse().ok()?);
        }
        let mapped = self.roles.iter().filter(|(external, _)| claims.roles.contains(external));
        identity.role = mapped.map(|(_, role)| *role).max_by_key(|role| role.rank);
        identity.is_first_party = self.first_party.contains(&claims.client_id);
        let scopes = self.scopes(claims.scope.as_deref().unwrap_or(""));
        let must_hold_one = self.requires_scope && !identity.is_first_party;
        identity.scopes = if scopes.is_empty() && !must_hold_one { None } else { Some(scopes) };
        identity.authenticated_at = Timestamp::from_seconds(claims.auth_time.unwrap_or(0));
        identity.client = Some(claims.client_id);
        Some(identity)
    }

    /// The application's scopes that the token holds.
    fn scopes(&self, claim: &str) -> Vec<String> {
        let held = |external: &str| claim.split(' ').any(|own| own == external);
        self.scopes.iter().filter(|(external, _)| held(external)).map(|(_, scope)| scope.clone()).collect()
    }
}
