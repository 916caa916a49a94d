//! The decision itself: one pass over the conditions in postfix order.

use super::{Access, MAX_RULES, Rule};
use crate::{Principal, Timestamp};

/// What the policy says before the object is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The caller passes.
    Allow,
    /// The caller doesn't pass.
    Deny(Denial),
    /// The object in the path decides: load it and call [`decide_object`].
    NeedsObject,
}

/// Why a caller doesn't pass, least telling first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Denial {
    /// The object isn't the caller's, or there is none.
    Object,
    /// The role or a permission is missing.
    Forbidden,
    /// The OAuth scope is missing.
    Scope(&'static str),
    /// The log-in is older than this many seconds.
    Stale(u32),
    /// The token is restricted to scopes, and the policy names none of them.
    Restricted,
    /// Nobody is signed in.
    Anonymous,
}

/// Decides a policy for a caller from what the request's head tells.
#[must_use]
pub fn decide(access: &Access, caller: Option<&Principal>, now: Timestamp) -> Decision {
    outcome(access, &Asked { caller, now, object: None })
}

/// Decides a policy once the object in the path has said whether it allows the caller.
#[must_use]
pub fn decide_object(access: &Access, caller: Option<&Principal>, now: Timestamp, object_allows: bool) -> Decision {
    outcome(access, &Asked { caller, now, object: Some(object_allows) })
}

/// Whether a handler behind the policy learns who the caller is.
///
/// Where everyone passes, a restricted token is nobody: else a page that shows more to whoever is signed in would show it to tokens that
/// were never given for it.
#[must_use]
pub fn shows_caller(access: &Access, caller: &Principal) -> bool {
    !caller.is_restricted() || !access.admits_anonymous()
}

/// Who asks, and what is known when.
struct Asked<'a> {
    caller: Option<&'a Principal>,
    now: Timestamp,
    object: Option<bool>,
}

fn outcome(access: &Access, asked: &Asked<'_>) -> Decision {
    if !asked.caller.is_some_and(Principal::is_restricted) {
        return evaluate::<Decision>(access, asked);
    }
    let said: Restricted = evaluate(access, asked);
    if said.is_exempt { Decision::Allow } else { said.covered }
}

/// What a part of a policy says.
trait Said: Copy {
    const NOTHING: Self;
    fn of(rule: &Rule, asked: &Asked<'_>) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
}

fn evaluate<S: Said>(access: &Access, asked: &Asked<'_>) -> S {
    let mut stack = [S::NOTHING; MAX_RULES];
    let mut depth = 0;
    for rule in access.rules() {
        let value = match rule {
            Rule::And | Rule::Or => {
                depth -= 2;
                let (left, right) = (at(&stack, depth), at(&stack, depth + 1));
                if matches!(rule, Rule::And) { left.and(right) } else { left.or(right) }
            }
            Rule::Public(_)
            | Rule::Authenticated
            | Rule::AtLeast { .. }
            | Rule::Permission(_)
            | Rule::Scope(_)
            | Rule::GivesUpAuthority(_)
            | Rule::Fresh(_)
            | Rule::Object { .. } => S::of(rule, asked),
        };
        if let Some(place) = stack.get_mut(depth) {
            *place = value;
        }
        depth += 1;
    }
    at(&stack, 0)
}

fn at<S: Said>(stack: &[S; MAX_RULES], index: usize) -> S {
    stack.get(index).copied().unwrap_or(S::NOTHING)
}

impl Said for Decision {
    const NOTHING: Self = Self::Deny(Denial::Anonymous);

    fn of(rule: &Rule, asked: &Asked<'_>) -> Self {
        single(rule, asked)
    }

    fn and(self, other: Self) -> Self {
        both(self, other)
    }

    fn or(self, other: Self) -> Self {
        either(self, other)
    }
}

/// What a part of a policy says of a token with scopes.
#[derive(Clone, Copy)]
struct Restricted {
    /// Whether its conditions are met.
    plain: Decision,
    /// Whether they are met in a way that names a scope which the token holds.
    covered: Decision,
    /// Whether they are met whatever the scopes.
    is_exempt: bool,
}

impl Said for Restricted {
    const NOTHING: Self = Self { plain: Decision::NOTHING, covered: Decision::NOTHING, is_exempt: false };

    fn of(rule: &Rule, asked: &Asked<'_>) -> Self {
        let plain = single(rule, asked);
        let covered = if matches!(rule, Rule::Scope(_)) { plain } else { Decision::Deny(Denial::Restricted) };
        let is_exempt = matches!(rule, Rule::Public(_) | Rule::GivesUpAuthority(_)) && plain == Decision::Allow;
        Self { plain, covered, is_exempt }
    }

    fn and(self, other: Self) -> Self {
        Self {
            plain: both(self.plain, other.plain),
            // One scope covers the whole conjunction, whichever side names it.
            covered: either(both(self.covered, other.plain), both(self.plain, other.covered)),
            is_exempt: self.is_exempt && other.is_exempt,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            plain: either(self.plain, other.plain),
            covered: either(self.covered, other.covered),
            is_exempt: self.is_exempt || other.is_exempt,
        }
    }
}

fn single(rule: &Rule, asked: &Asked<'_>) -> Decision {
    if matches!(rule, Rule::Public(_)) {
        return Decision::Allow;
    }
    let Some(caller) = asked.caller else {
        return Decision::Deny(Denial::Anonymous);
    };
    let identity = caller.identity();
    let (passes, denial) = match *rule {
        Rule::Public(_) | Rule::Authenticated | Rule::GivesUpAuthority(_) => (true, Denial::Anonymous),
        Rule::AtLeast { rank, .. } => (identity.role.is_some_and(|role| role.rank >= rank), Denial::Forbidden),
        Rule::Permission(permission) => (caller.may(permission), Denial::Forbidden),
        Rule::Scope(scope) => (caller.has_scope(scope), Denial::Scope(scope)),
        Rule::Fresh(seconds) => (is_fresh(identity.authenticated_at, asked.now, seconds), Denial::Stale(seconds)),
        Rule::Object { .. } => match asked.object {
            None => return Decision::NeedsObject,
            Some(allows) => (allows, Denial::Object),
        },
        Rule::And | Rule::Or => (false, Denial::Forbidden),
    };
    if passes { Decision::Allow } else { Decision::Deny(denial) }
}

/// A log-in that is still to come proves nothing.
fn is_fresh(authenticated_at: Timestamp, now: Timestamp, seconds: u32) -> bool {
    authenticated_at <= now && now.since(authenticated_at).as_secs() <= u64::from(seconds)
}

fn both(left: Decision, right: Decision) -> Decision {
    match (left, right) {
        (Decision::Deny(a), Decision::Deny(b)) => Decision::Deny(a.max(b)),
        (Decision::Deny(denial), _) | (_, Decision::Deny(denial)) => Decision::Deny(denial),
        (Decision::NeedsObject, _) | (_, Decision::NeedsObject) => Decision::NeedsObject,
        (Decision::Allow, Decision::Allow) => Decision::Allow,
    }
}

fn either(left: Decision, right: Decision) -> Decision {
    match (left, right) {
        (Decision::Allow, _) | (_, Decision::Allow) => Decision::Allow,
        (Decision::NeedsObject, _) | (_, Decision::NeedsObject) => Decision::NeedsObject,
        (Decision::Deny(a), Decision::Deny(b)) => Decision::Deny(a.min(b)),
    }
}
