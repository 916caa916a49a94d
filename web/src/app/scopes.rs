//! The scopes that an application declares, held against those that its policies name.

use std::collections::BTreeSet;

use portcullis_core::ScopeEntry;
use portcullis_core::policy::Access;

use super::start::StartError;

/// Refuses a malformed or repeated declaration, and a policy that names a scope which nobody declares.
///
/// A policy with a misspelt scope would lock every token out that has the right one.
pub(crate) fn check<'a>(declared: &[ScopeEntry], policies: impl Iterator<Item = (String, &'a Access)>) -> Result<(), StartError> {
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
pub(crate) fn unnamed<'a>(declared: &[ScopeEntry], policies: impl Iterator<Item = &'a Access>) -> Vec<&'static str> {
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
