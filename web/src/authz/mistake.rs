use portcullis_core::ScopeEntry;
use portcullis_core::policy::{Access, Rule};
use portcullis_core::words::is_reason;

/// Everyone passes, and nobody says why.
const PUBLIC_WITHOUT_REASON: &str = "say why this endpoint is open to everyone: `Public(\"reason\")`";
/// A public policy is joined with another one.
const PUBLIC_JOINED: &str =
    "`Public` stands alone: beside it in `any(…)` every other policy means nothing, and in `all(…)` it means nothing itself";
/// The object's own word doesn't count.
const OBJECT_UNASKED: &str =
    "every signed-in caller passes this policy, whatever the object says: in `any(…)`, name a role or a permission beside `Can<…>`";
/// A scope that no token can hold.
pub(super) const SCOPE_MALFORMED: &str =
    "a scope is one word of at most 64 visible ASCII characters, without quote and backslash; several stand in `all(…)` or `any(…)`";
/// Scopes restrict nothing here, and nobody says why.
const GIVES_UP_WITHOUT_REASON: &str = "say what is given up: `GivesUpAuthority(\"ends the session\")`";

/// What is wrong with a policy by itself.
pub(crate) const fn mistake_of_policy(access: &Access) -> Option<&'static str> {
    let mut at = 0;
    while let Some(rule) = access.rule_at(at) {
        if let Rule::Public(reason) = rule {
            if !is_reason(reason) {
                return Some(PUBLIC_WITHOUT_REASON);
            }
            if access.rule_at(1).is_some() {
                return Some(PUBLIC_JOINED);
            }
        }
        if let Rule::Scope(scope) = rule
            && !ScopeEntry::is_name(scope)
        {
            return Some(SCOPE_MALFORMED);
        }
        if let Rule::GivesUpAuthority(what) = rule
            && !is_reason(what)
        {
            return Some(GIVES_UP_WITHOUT_REASON);
        }
        at += 1;
    }
    if access.needs_object() && admits_unasked(access) { Some(OBJECT_UNASKED) } else { None }
}

/// Whether signing in alone is enough: that is met, and everything else isn't. A token without scopes meets every scope.
#[expect(clippy::indexing_slicing, reason = "a const function has no iterators; a policy never has more conditions than places here")]
const fn admits_unasked(access: &Access) -> bool {
    let mut stack = [false; MOST_CONDITIONS];
    let (mut at, mut depth) = (0, 0);
    while let Some(rule) = access.rule_at(at) {
        if matches!(rule, Rule::And | Rule::Or) {
            depth -= 1;
            let (left, right) = (stack[depth - 1], stack[depth]);
            stack[depth - 1] = if matches!(rule, Rule::And) { left && right } else { left || right };
        } else {
            stack[depth] = matches!(rule, Rule::Authenticated | Rule::GivesUpAuthority(_) | Rule::Fresh(_) | Rule::Scope(_));
            depth += 1;
        }
        at += 1;
    }
    stack[0]
}

const MOST_CONDITIONS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED_IN: Access = Access::of(Rule::Authenticated);
    const OPEN: Access = Access::of(Rule::Public("a landing page"));
    const OBJECT: Access = Access::of(Rule::Object { action: "read", resource: "note" });
    const CLERK: Access = Access::of(Rule::AtLeast { role: "clerk", rank: 1 });

    #[test]
    fn a_policy_that_opens_more_than_it_says_is_a_mistake() {
        let (fresh, scope) = (Access::of(Rule::Fresh(300)), Access::of(Rule::Scope("notes:read")));
        for good in [
            SIGNED_IN,
            OPEN,
            OBJECT,
            CLERK.or(OBJECT),
            SIGNED_IN.and(OBJECT),
            fresh.and(CLERK.or(OBJECT)),
            SIGNED_IN.or(CLERK),
            scope.and(CLERK).or(OBJECT),
        ] {
            assert_eq!(mistake_of_policy(&good), None, "{good}");
        }
        for (bad, mistake) in [
            (Access::of(Rule::Public("\u{200b}")), PUBLIC_WITHOUT_REASON),
            (OPEN.or(OBJECT), PUBLIC_JOINED),
            (SIGNED_IN.and(CLERK.and(OPEN)), PUBLIC_JOINED),
            (SIGNED_IN.or(OBJECT), OBJECT_UNASKED),
            (OBJECT.and(CLERK).or(fresh), OBJECT_UNASKED),
            (OBJECT.or(scope), OBJECT_UNASKED),
            (OBJECT.or(SIGNED_IN.and(scope)), OBJECT_UNASKED),
            (Access::of(Rule::Scope("a b")), SCOPE_MALFORMED),
            (Access::of(Rule::Scope("")), SCOPE_MALFORMED),
            (Access::of(Rule::Scope("a\"b")), SCOPE_MALFORMED),
            (SIGNED_IN.and(Access::of(Rule::Scope("a\\b"))), SCOPE_MALFORMED),
            (Access::of(Rule::GivesUpAuthority(" ")), GIVES_UP_WITHOUT_REASON),
            (Access::of(Rule::GivesUpAuthority("…")), GIVES_UP_WITHOUT_REASON),
        ] {
            assert_eq!(mistake_of_policy(&bad), Some(mistake), "{bad}");
        }
    }
}
