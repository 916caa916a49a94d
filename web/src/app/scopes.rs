//! The scopes that an application declares, held against those that its policies name.

use std::collections::BTreeSet;

use portcullis_core::policy::Access;
use portcullis_core::{RoleKind, ScopeEntry};

use super::application::{App, Parts};
use super::config::Settings;
use super::endpoint::Endpoint;
use super::start_error::StartError;

impl<R: RoleKind, S> App<R, S> {
    /// The scopes that no policy names; they are of use only to services that trust this one.
    #[must_use]
    pub fn unnamed_scopes(&self, settings: &Settings) -> Vec<&'static str> {
        self.parts.unnamed_scopes(&self.parts.registry(settings))
    }
}

impl Parts {
    /// The scopes of the application and of its modules.
    pub(crate) fn declared_scopes(&self) -> Vec<ScopeEntry> {
        self.scopes.iter().copied().chain(self.modules.iter().flat_map(|module| module.scopes().iter().copied())).collect()
    }

    pub(crate) fn check_scopes(&self, endpoints: &[&'static Endpoint]) -> Result<(), StartError> {
        check(&self.declared_scopes(), self.policies(endpoints))
    }

    pub(crate) fn unnamed_scopes(&self, endpoints: &[&'static Endpoint]) -> Vec<&'static str> {
        unnamed(&self.declared_scopes(), self.policies(endpoints).map(|(_, access)| access))
    }

    /// Every policy, with the place that it guards.
    fn policies<'a>(&'a self, endpoints: &'a [&'static Endpoint]) -> impl Iterator<Item = (String, &'a Access)> {
        let mounted =
            endpoints.iter().map(|endpoint| (format!("{} {}", endpoint.verb().as_str(), endpoint.path()), endpoint.guard().access()));
        mounted.chain(self.raw.iter().map(|mount| (format!("the raw router at {}", mount.prefix), mount.guard.access())))
    }
}

/// Refuses a malformed or repeated declaration, and a policy that names a scope which nobody declares.
///
/// A policy with a misspelt scope would lock every token out that has the right one.
fn check<'a>(declared: &[ScopeEntry], policies: impl Iterator<Item = (String, &'a Access)>) -> Result<(), StartError> {
    let mut names = BTreeSet::new();
    for scope in declared {
        let name = scope.name;
        if !ScopeEntry::is_name(name) {
            return Err(StartError::new(format_args!(
                "the scope {name:?} can't be asked for: a name is up to {} visible ASCII characters without space, quote and backslash",
                ScopeEntry::LONGEST
            )));
        }
        if scope.description.trim().is_empty() {
            return Err(StartError::new(format_args!("the scope `{name}` has no description: say what it allows")));
        }
        if !names.insert(name) {
            return Err(StartError::new(format_args!("the scope `{name}` is declared twice")));
        }
    }
    for (place, access) in policies {
        if let Some(unknown) = access.named_scopes().find(|scope| !names.contains(scope)) {
            return Err(StartError::new(format_args!(
                "the policy of {place} names the scope `{unknown}`, which nobody declares: add `.scope(\"{unknown}\", \"what it allows\")`"
            )));
        }
    }
    Ok(())
}

/// The declared scopes that no policy names. They are no mistake where services that trust this one name them.
fn unnamed<'a>(declared: &[ScopeEntry], policies: impl Iterator<Item = &'a Access>) -> Vec<&'static str> {
    let named: BTreeSet<&str> = policies.flat_map(Access::named_scopes).collect();
    declared.iter().map(|scope| scope.name).filter(|name| !named.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use portcullis_core::policy::Rule;

    use super::*;

    const NOTES: Access = Access::of(Rule::Authenticated).and(Access::of(Rule::Scope("notes:read")));
    const READ: ScopeEntry = ScopeEntry::new("notes:read", "Read your notes");

    fn refusal(declared: &[ScopeEntry], access: &Access) -> String {
        let checked = check(declared, std::iter::once(("GET /notes".to_owned(), access)));
        checked.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_scope_that_is_named_and_not_declared_stops_the_start() {
        assert_eq!(refusal(&[READ], &NOTES), "");
        assert_eq!(
            refusal(&[ScopeEntry::new("notes:raed", "Read your notes")], &NOTES),
            "the policy of GET /notes names the scope `notes:read`, which nobody declares: add `.scope(\"notes:read\", \"what it allows\")`"
        );
    }

    #[test]
    fn a_declaration_has_one_name_and_a_description() {
        assert_eq!(refusal(&[READ, READ], &NOTES), "the scope `notes:read` is declared twice");
        assert_eq!(refusal(&[READ, ScopeEntry::new("x", " ")], &NOTES), "the scope `x` has no description: say what it allows");
        for name in ["", "a b", "a\"b", "\u{fc}"] {
            assert!(refusal(&[READ, ScopeEntry::new(name, "x")], &NOTES).starts_with("the scope \""), "{name}");
        }
    }

    #[test]
    fn a_scope_that_no_policy_names_is_told() {
        let declared = [READ, ScopeEntry::new("notes:write", "Write notes")];
        assert_eq!(unnamed(&declared, [NOTES].iter()), ["notes:write"]);
        assert_eq!(unnamed(&declared[..1], [NOTES].iter()), [""; 0]);
    }
}
