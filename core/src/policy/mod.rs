//! Who may pass: access policies as data, and the one pure function that decides them.
//!
//! Decided before the handler runs and before the body is read. What a denial becomes (the written table):
//!
//! | caller | policy says | answer |
//! | --- | --- | --- |
//! | anonymous | anything but public | 401 with a `WWW-Authenticate` challenge |
//! | signed in | role or permission missing | 403 |
//! | signed in | scope missing | 403 `insufficient_scope`, the challenge names the scope |
//! | signed in with a restricted token | passes, but names no scope that the token holds | 403 `insufficient_scope` |
//! | signed in | log-in too long ago | 401 `insufficient_user_authentication` |
//! | signed in | object is not theirs, or is not there | 404 |
//!
//! A log-in to the application itself without scopes is unrestricted: whether a policy names scopes makes no difference to it. A token of an
//! external issuer for another client than the application's own holds no scope that it doesn't name: without scopes it passes no
//! `Scope(s)`, and everything else as an unrestricted one does. A token with scopes is restricted to
//! the policies that name one of them. It passes, besides whatever else the policy asks for:
//!
//! | policy | when a token with scopes passes |
//! | --- | --- |
//! | `Public` | always; the handler sees nobody, as if the request had come without the token |
//! | `GivesUpAuthority` | always |
//! | `Scope(s)` | when it holds `s` |
//! | `Authenticated`, a role, a permission, `Fresh`, an object | only together with a scope that it holds |
//! | `all(a, b)` | when both pass and one of them names a scope: it holds every scope that is named, and one covers the whole |
//! | `any(a, b)` | when one of them passes and that one names a scope that the token holds, or the `all(…)` around it names one |
//! | all or any of `Public` and `GivesUpAuthority` alone | as without scopes |

use std::fmt;

mod decision;
pub use decision::{Decision, Denial, decide, decide_object, shows_caller};
mod scopes;
#[cfg(test)]
mod tests;

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
    /// The credential carries this OAuth scope, or is restricted to none.
    Scope(&'static str),
    /// Every signed-in caller passes, whatever scopes restrict the credential: the endpoint only gives up authority, and the text says which.
    GivesUpAuthority(&'static str),
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

    /// The condition at this place of the postfix order, for constant functions.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
    pub const fn rule_at(&self, at: usize) -> Option<Rule> {
        if at < self.len { Some(self.rules[at]) } else { None }
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
                Rule::Authenticated
                | Rule::AtLeast { .. }
                | Rule::Permission(_)
                | Rule::Scope(_)
                | Rule::GivesUpAuthority(_)
                | Rule::Fresh(_)
                | Rule::Object { .. } => {
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
                Rule::GivesUpAuthority(what) => format!("signed in, whatever the scopes: {what}"),
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

const MAX_RULES: usize = 11;
