use std::collections::BTreeSet;

use portcullis_core::ScopeEntry;

use super::AccountService;
use super::gate::LiveSession;
use crate::error::AccountError;

impl AccountService {
    /// The scopes that tokens can be restricted to.
    #[must_use]
    pub fn scopes(&self) -> &[ScopeEntry] {
        &self.0.scopes
    }

    /// The scope that a client asks for ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)): only declared names,
    /// each once and in order. None where it asks for no restriction.
    pub(super) fn checked_scope(&self, asked: Option<&str>) -> Result<Option<String>, AccountError> {
        let Some(text) = asked.filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.len() > MAX_SCOPE {
            return Err(AccountError::Scope);
        }
        // Every declared name is one token of the grammar, so what is none of them needs no other check.
        let declared = |name: &str| self.scopes().iter().find(|scope| scope.name == name).ok_or(AccountError::Scope);
        let names = text.split(' ').map(|name| declared(name).map(|scope| scope.name)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Some(names.into_iter().collect::<Vec<_>>().join(" ")))
    }
}

impl LiveSession {
    /// The scope asked for, if it is not wider than the session's.
    pub(super) fn narrowed<'a>(&self, asked: Option<&'a str>) -> Result<Option<&'a str>, AccountError> {
        match (asked, self.scope()) {
            (Some(asked), Some(granted)) if asked.split(' ').all(|one| granted.split(' ').any(|held| held == one)) => Ok(Some(asked)),
            (Some(_), Some(_)) => Err(AccountError::Scope),
            (asked, _) => Ok(asked),
        }
    }
}

/// The most bytes of the `scope` parameter.
const MAX_SCOPE: usize = 1000;
