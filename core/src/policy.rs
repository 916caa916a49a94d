//! Who may pass: access policies as data, and the one pure function that decides them.
//!
//! Decided before the handler runs and before the body is read. What a denial becomes (the written table):
//!
//! | caller | policy says | answer |
//! | --- | --- | --- |
//! | anonymous | anything but public | 401 with a `WWW-Authenticate` challenge |
//! | signed in | role or permission missing | 403 |
//! | signed in | scope missing | 403 `insufficient_scope` |
//! | signed in | log-in too long ago | 401 `insufficient_user_authentication` |
//! | signed in | object is not theirs, or is not there | 404 |

use std::fmt;

use crate::{Principal, Timestamp};

/// One condition of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// Everyone passes; the reason says why that is right.
    Public(&'static str),
    /// Every signed-in caller passes.
    Authenticated,
    /// The caller's role is this one or a more trusted one.
    AtLeast {
        /// The role's name, for documents and the matrix.
        role: &'static str,
        /// The role's place in the order.
        rank: u8,
    },
    /// The caller's role holds this permission.
    Permission(&'static str),
    /// The credential carries this OAuth scope, or is a first-party log-in without restriction.
    Scope(&'static str),
    /// The caller proved who they are within this many seconds.
    Fresh(u32),
    /// The object in the path allows the caller this action.
    Object {
        /// The action's name.
        action: &'static str,
        /// The resource's name.
        resource: &'static str,
    },
    /// Both policies before this one pass.
    And,
    /// One of the two policies before this one passes.
    Or,
}

/// A whole policy: conditions in postfix order, so that it is plain data known at compile time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Access {
    rules: [Rule; MAX_RULES],
    len: usize,
}

impl Access {
    /// The policy of one condition.
    #[must_use]
    pub const fn of(rule: Rule) -> Self {
        Self { rules: [rule; MAX_RULES], len: 1 }
    }

    /// Passes when both pass.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        self.joined(&other, Rule::And)
    }

    /// Passes when one passes.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        self.joined(&other, Rule::Or)
    }

    /// The conditions in postfix order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().take(self.len)
    }

    /// Whether anonymous callers pass.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
    pub const fn admits_anonymous(&self) -> bool {
        let mut stack = [false; MAX_RULES];
        let (mut at, mut depth) = (0, 0);
        while at < self.len {
            match self.rules[at] {
                Rule::And => {
                    depth -= 1;
                    stack[depth - 1] = stack[depth - 1] && stack[depth];
                }
                Rule::Or => {
                    depth -= 1;
                    stack[depth - 1] = stack[depth - 1] || stack[depth];
                }
                Rule::Public(_) => {
                    stack[depth] = true;
                    depth += 1;
                }
                _ => {
                    stack[depth] = false;
                    depth += 1;
                }
            }
            at += 1;
        }
        stack[0]
    }

    /// Whether the decision needs the object in the path.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
    pub const fn needs_object(&self) -> bool {
        let mut at = 0;
        while at < self.len {
            if matches!(self.rules[at], Rule::Object { .. }) {
                return true;
            }
            at += 1;
        }
        false
    }

    #[expect(clippy::indexing_slicing, clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    const fn joined(mut self, other: &Self, operator: Rule) -> Self {
        if self.len + other.len + 1 > MAX_RULES {
            panic!("this policy has too many conditions: name a permission instead");
        }
        let mut at = 0;
        while at < other.len {
            self.rules[self.len] = other.rules[at];
            self.len += 1;
            at += 1;
        }
        self.rules[self.len] = operator;
        self.len += 1;
        self
    }
}

impl fmt::Display for Access {
    /// The policy in words, as it stands in the access matrix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stack: Vec<String> = Vec::new();
        for rule in self.rules() {
            let text = match *rule {
                Rule::And | Rule::Or => {
                    let right = stack.pop().unwrap_or_default();
                    let left = stack.pop().unwrap_or_default();
                    let word = if matches!(rule, Rule::And) { "and" } else { "or" };
                    format!("({left} {word} {right})")
                }
                Rule::Public(reason) => format!("public: {reason}"),
                Rule::Authenticated => "signed in".to_owned(),
                Rule::AtLeast { role, .. } => format!("role {role}"),
                Rule::Permission(permission) => format!("permission {permission}"),
                Rule::Scope(scope) => format!("scope {scope}"),
                Rule::Fresh(seconds) => format!("log-in within {seconds} s"),
                Rule::Object { action, resource } => format!("{action} on {resource}"),
            };
            stack.push(text);
        }
        f.write_str(&stack.pop().unwrap_or_default())
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({self})")
    }
}

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
    /// Nobody is signed in.
    Anonymous,
}

/// Decides a policy for a caller from what the request's head tells.
#[must_use]
pub fn decide(access: &Access, caller: Option<&Principal>, now: Timestamp) -> Decision {
    evaluate(access, caller, now, None)
}

/// Decides a policy once the object in the path has said whether it allows the caller.
#[must_use]
pub fn decide_object(access: &Access, caller: Option<&Principal>, now: Timestamp, object_allows: bool) -> Decision {
    evaluate(access, caller, now, Some(object_allows))
}

fn evaluate(access: &Access, caller: Option<&Principal>, now: Timestamp, object: Option<bool>) -> Decision {
    let mut stack = [Decision::Deny(Denial::Anonymous); MAX_RULES];
    let mut depth = 0;
    for rule in access.rules() {
        let value = match rule {
            Rule::And | Rule::Or => {
                depth -= 2;
                let (left, right) = (at(&stack, depth), at(&stack, depth + 1));
                if matches!(rule, Rule::And) { both(left, right) } else { either(left, right) }
            }
            condition => single(condition, caller, now, object),
        };
        if let Some(place) = stack.get_mut(depth) {
            *place = value;
        }
        depth += 1;
    }
    at(&stack, 0)
}

fn at(stack: &[Decision; MAX_RULES], index: usize) -> Decision {
    stack.get(index).copied().unwrap_or(Decision::Deny(Denial::Anonymous))
}

fn single(rule: &Rule, caller: Option<&Principal>, now: Timestamp, object: Option<bool>) -> Decision {
    if matches!(rule, Rule::Public(_)) {
        return Decision::Allow;
    }
    let Some(caller) = caller else {
        return Decision::Deny(Denial::Anonymous);
    };
    let identity = caller.identity();
    let (passes, denial) = match *rule {
        Rule::Public(_) | Rule::Authenticated => (true, Denial::Anonymous),
        Rule::AtLeast { rank, .. } => (identity.role.is_some_and(|role| role.rank >= rank), Denial::Forbidden),
        Rule::Permission(permission) => (caller.may(permission), Denial::Forbidden),
        Rule::Scope(scope) => (identity.scopes.as_ref().is_none_or(|held| held.iter().any(|one| one == scope)), Denial::Scope(scope)),
        Rule::Fresh(seconds) => (now.since(identity.authenticated_at).as_secs() <= u64::from(seconds), Denial::Stale(seconds)),
        Rule::Object { .. } => match object {
            None => return Decision::NeedsObject,
            Some(allows) => (allows, Denial::Object),
        },
        Rule::And | Rule::Or => (false, Denial::Forbidden),
    };
    if passes { Decision::Allow } else { Decision::Deny(denial) }
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

const MAX_RULES: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, RoleEntry};

    static USER: RoleEntry = RoleEntry { name: "user", rank: 1, permissions: &["notes.read"], top: false };
    static ADMIN: RoleEntry = RoleEntry { name: "admin", rank: 2, permissions: &[], top: true };
    const AT_LEAST_USER: Access = Access::of(Rule::AtLeast { role: "user", rank: 1 });
    const AT_LEAST_ADMIN: Access = Access::of(Rule::AtLeast { role: "admin", rank: 2 });
    const OBJECT: Access = Access::of(Rule::Object { action: "read", resource: "note" });

    fn caller(role: Option<&'static RoleEntry>) -> Principal {
        let mut identity = Identity::new("alice");
        identity.role = role;
        identity.authenticated_at = Timestamp::from_seconds(1000);
        Principal::new(identity)
    }

    fn now() -> Timestamp {
        Timestamp::from_seconds(1200)
    }

    #[test]
    fn only_a_public_policy_admits_anonymous_callers() {
        let public = Access::of(Rule::Public("a landing page"));
        assert_eq!(decide(&public, None, now()), Decision::Allow);
        for access in [AT_LEAST_USER, OBJECT, Access::of(Rule::Authenticated), AT_LEAST_USER.and(public), Access::of(Rule::Fresh(300))] {
            assert_eq!(decide(&access, None, now()), Decision::Deny(Denial::Anonymous), "{access}");
            assert!(!access.admits_anonymous());
        }
        assert!(public.or(AT_LEAST_USER).admits_anonymous());
    }

    #[test]
    fn roles_are_ordered_and_the_top_role_holds_every_permission() {
        let (user, admin, none) = (caller(Some(&USER)), caller(Some(&ADMIN)), caller(None));
        assert_eq!(decide(&AT_LEAST_ADMIN, Some(&user), now()), Decision::Deny(Denial::Forbidden));
        assert_eq!(decide(&AT_LEAST_USER, Some(&admin), now()), Decision::Allow);
        assert_eq!(decide(&AT_LEAST_USER, Some(&none), now()), Decision::Deny(Denial::Forbidden));
        for (permission, user_passes) in [("notes.read", true), ("users.write", false)] {
            let access = Access::of(Rule::Permission(permission));
            assert_eq!(decide(&access, Some(&user), now()) == Decision::Allow, user_passes);
            assert_eq!(decide(&access, Some(&admin), now()), Decision::Allow);
        }
    }

    #[test]
    fn freshness_counts_from_the_last_log_in() {
        let user = caller(Some(&USER));
        assert_eq!(decide(&Access::of(Rule::Fresh(200)), Some(&user), now()), Decision::Allow);
        assert_eq!(decide(&Access::of(Rule::Fresh(199)), Some(&user), now()), Decision::Deny(Denial::Stale(199)));
    }

    #[test]
    fn a_scope_restricts_only_credentials_that_carry_scopes() {
        let access = Access::of(Rule::Scope("notes"));
        let mut identity = caller(Some(&USER)).identity().clone();
        assert_eq!(decide(&access, Some(&Principal::new(identity.clone())), now()), Decision::Allow);
        identity.scopes = Some(vec!["other".to_owned()]);
        assert_eq!(decide(&access, Some(&Principal::new(identity)), now()), Decision::Deny(Denial::Scope("notes")));
    }

    #[test]
    fn an_object_decides_last_and_hides_when_it_denies() {
        let user = caller(Some(&USER));
        let access = AT_LEAST_USER.and(OBJECT);
        assert_eq!(decide(&access, Some(&user), now()), Decision::NeedsObject);
        assert_eq!(decide_object(&access, Some(&user), now(), true), Decision::Allow);
        assert_eq!(decide_object(&access, Some(&user), now(), false), Decision::Deny(Denial::Object));
        assert_eq!(decide(&AT_LEAST_ADMIN.and(OBJECT), Some(&user), now()), Decision::Deny(Denial::Forbidden));
    }

    #[test]
    fn combinations_follow_boolean_logic() {
        let user = caller(Some(&USER));
        let yes = Access::of(Rule::Authenticated);
        for (left, right) in [(yes, AT_LEAST_ADMIN), (AT_LEAST_ADMIN, yes)] {
            assert_eq!(decide(&left.or(right), Some(&user), now()), Decision::Allow);
            assert_eq!(decide(&left.and(right), Some(&user), now()), Decision::Deny(Denial::Forbidden));
        }
        assert_eq!(AT_LEAST_USER.and(OBJECT).or(AT_LEAST_ADMIN).to_string(), "((role user and read on note) or role admin)");
    }
}
