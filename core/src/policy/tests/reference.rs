//! Every policy of up to three conditions, and every caller, decided once more by expanding the policy into its ways through.

use super::*;

/// A policy as a tree.
#[derive(Clone)]
enum Tree {
    Leaf(Rule),
    All(Box<Self>, Box<Self>),
    Any(Box<Self>, Box<Self>),
}

const LEAVES: [Rule; 8] = [
    Rule::Public("a test"),
    Rule::GivesUpAuthority("a test"),
    Rule::Authenticated,
    Rule::AtLeast { role: "admin", rank: 2 },
    Rule::Scope("a"),
    Rule::Scope("b"),
    Rule::Fresh(199),
    Rule::Object { action: "read", resource: "note" },
];

fn trees(leaves: usize) -> Vec<Tree> {
    if leaves == 1 {
        return LEAVES.iter().copied().map(Tree::Leaf).collect();
    }
    let mut all = Vec::new();
    for left in 1..leaves {
        for one in trees(left) {
            for other in trees(leaves - left) {
                all.push(Tree::All(Box::new(one.clone()), Box::new(other.clone())));
                all.push(Tree::Any(Box::new(one.clone()), Box::new(other)));
            }
        }
    }
    all
}

fn access(tree: &Tree) -> Access {
    match tree {
        Tree::Leaf(rule) => Access::of(*rule),
        Tree::All(left, right) => access(left).and(access(right)),
        Tree::Any(left, right) => access(left).or(access(right)),
    }
}

/// The ways through: each a list of conditions that must all be met.
fn ways(tree: &Tree) -> Vec<Vec<Rule>> {
    match tree {
        Tree::Leaf(rule) => vec![vec![*rule]],
        Tree::Any(left, right) => [ways(left), ways(right)].concat(),
        Tree::All(left, right) => {
            let rights = ways(right);
            ways(left).iter().flat_map(|one| rights.iter().map(move |other| [one.clone(), other.clone()].concat())).collect()
        }
    }
}

/// Whether the caller passes when the object says this: by the words of the table, way by way.
fn passes(tree: &Tree, caller: Option<&Principal>, object: bool) -> bool {
    let is_met = |rule: &Rule| match (*rule, caller) {
        (Rule::Public(_), _) => true,
        (Rule::Permission(_) | Rule::And | Rule::Or, _) | (_, None) => false,
        (Rule::Authenticated | Rule::GivesUpAuthority(_), _) => true,
        (Rule::AtLeast { rank, .. }, Some(caller)) => caller.identity().role.is_some_and(|role| role.rank >= rank),
        (Rule::Scope(scope), Some(caller)) => caller.identity().scopes.as_ref().is_none_or(|held| held.contains(&scope.to_owned())),
        (Rule::Fresh(seconds), Some(caller)) => {
            (now() - std::time::Duration::from_secs(seconds.into())) <= caller.identity().authenticated_at
        }
        (Rule::Object { .. }, _) => object,
    };
    let is_covered = |way: &[Rule]| {
        caller.is_none_or(|caller| caller.identity().scopes.is_none())
            || way.iter().any(|rule| matches!(rule, Rule::Scope(_)))
            || way.iter().all(|rule| matches!(rule, Rule::Public(_) | Rule::GivesUpAuthority(_)))
    };
    ways(tree).iter().any(|way| way.iter().all(is_met) && is_covered(way))
}

fn callers() -> Vec<Option<Principal>> {
    let mut all = vec![None];
    for role in [None, Some(&USER), Some(&ADMIN)] {
        for age in [0, 300] {
            for scopes in [None, Some(vec![]), Some(vec!["a"]), Some(vec!["b"]), Some(vec!["a", "b"])] {
                let mut identity = Identity::new("alice");
                identity.role = role;
                identity.authenticated_at = now() - std::time::Duration::from_secs(age);
                identity.scopes = scopes.map(|scopes| scopes.into_iter().map(str::to_owned).collect());
                all.push(Some(Principal::new(identity)));
            }
        }
    }
    all
}

#[test]
fn every_small_policy_is_decided_as_its_ways_through_say() {
    let callers = callers();
    let mut compared = 0;
    for tree in (1..=3).flat_map(trees) {
        let access = access(&tree);
        for caller in &callers {
            let caller = caller.as_ref();
            for object in [false, true] {
                let expected = passes(&tree, caller, object);
                let decided = decide_object(&access, caller, now(), object);
                assert_eq!(decided == Decision::Allow, expected, "{access} {caller:?} {object}: {decided:?}");
                compared += 1;
            }
            // From the head alone it is decided exactly where the object makes no difference.
            let (without, with) = (passes(&tree, caller, false), passes(&tree, caller, true));
            let from_head = match decide(&access, caller, now()) {
                Decision::Allow => (true, true),
                Decision::Deny(_) => (false, false),
                Decision::NeedsObject => (false, true),
            };
            assert_eq!(from_head, (without, with), "{access} {caller:?}");
        }
        let sufficient = access.sufficient_scopes();
        for caller in callers.iter().flatten() {
            let Some(held) = &caller.identity().scopes else { continue };
            let is_listed = sufficient.iter().any(|set| set.iter().all(|scope| held.contains(&(*scope).to_owned())));
            assert!(is_listed || decide_object(&access, Some(caller), now(), true) != Decision::Allow, "{access} {caller:?}: not listed");
        }
    }
    assert_eq!(compared, 262_384, "callers and objects by policies");
}
