//! Which scopes open a policy, for the documents and the access matrix.

use std::collections::BTreeSet;

use super::{Access, Rule};

impl Access {
    /// Every scope that the policy names.
    pub fn named_scopes(&self) -> impl Iterator<Item = &'static str> {
        self.rules().filter_map(|rule| if let Rule::Scope(scope) = rule { Some(*scope) } else { None })
    }

    /// The sets of scopes that open the policy to a restricted token, each of them enough; the empty set where any scopes do.
    ///
    /// There is none where a restricted token never passes.
    #[must_use]
    pub fn sufficient_scopes(&self) -> BTreeSet<BTreeSet<&'static str>> {
        let mut stack: Vec<Vec<Branch>> = Vec::new();
        for rule in self.rules() {
            let branches = match *rule {
                Rule::And | Rule::Or => {
                    let right = stack.pop().unwrap_or_default();
                    let left = stack.pop().unwrap_or_default();
                    if matches!(rule, Rule::And) { every_pair(&left, &right) } else { [left, right].concat() }
                }
                Rule::Public(_) | Rule::GivesUpAuthority(_) => vec![Branch { scopes: BTreeSet::new(), needs_a_scope: false }],
                Rule::Scope(scope) => vec![Branch { scopes: BTreeSet::from([scope]), needs_a_scope: true }],
                Rule::Authenticated | Rule::AtLeast { .. } | Rule::Permission(_) | Rule::Fresh(_) | Rule::Object { .. } => {
                    vec![Branch { scopes: BTreeSet::new(), needs_a_scope: true }]
                }
            };
            stack.push(branches);
        }
        let branches = stack.pop().unwrap_or_default();
        branches.into_iter().filter(|branch| !branch.needs_a_scope || !branch.scopes.is_empty()).map(|branch| branch.scopes).collect()
    }
}

/// Conditions that must all be met, one way through the policy.
#[derive(Clone)]
struct Branch {
    scopes: BTreeSet<&'static str>,
    /// Whether one of the conditions passes a restricted token only beside a scope.
    needs_a_scope: bool,
}

fn every_pair(left: &[Branch], right: &[Branch]) -> Vec<Branch> {
    let pair = |(a, b): (&Branch, &Branch)| Branch { scopes: &a.scopes | &b.scopes, needs_a_scope: a.needs_a_scope || b.needs_a_scope };
    left.iter().flat_map(|a| right.iter().map(move |b| (a, b))).map(pair).collect()
}
