use std::collections::BTreeSet;

use super::*;
use crate::{Identity, Principal, RoleEntry, Timestamp};

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
fn a_log_in_in_the_future_is_not_fresh() {
    let mut identity = caller(Some(&USER)).identity().clone();
    for (seconds, is_fresh) in [(1200, true), (1201, false), (i64::MAX, false)] {
        identity.authenticated_at = Timestamp::from_seconds(seconds);
        let decision = decide(&Access::of(Rule::Fresh(300)), Some(&Principal::new(identity.clone())), now());
        assert_eq!(decision == Decision::Allow, is_fresh, "{seconds}");
    }
}

#[test]
fn a_token_of_an_external_issuer_holds_only_the_scopes_that_it_names() {
    let access = Access::of(Rule::Scope("notes"));
    let mut identity = Identity::external("https://id.example.com", "alice");
    assert_eq!(decide(&access, Some(&Principal::new(identity.clone())), now()), Decision::Deny(Denial::Scope("notes")));
    assert_eq!(decide(&Access::of(Rule::Authenticated), Some(&Principal::new(identity.clone())), now()), Decision::Allow);
    identity.is_first_party = true;
    assert_eq!(decide(&access, Some(&Principal::new(identity.clone())), now()), Decision::Allow);
    identity.scopes = Some(vec!["mail".to_owned()]);
    assert_eq!(decide(&access, Some(&Principal::new(identity)), now()), Decision::Deny(Denial::Scope("notes")));
}

#[test]
fn freshness_counts_from_the_last_log_in() {
    let user = caller(Some(&USER));
    assert_eq!(decide(&Access::of(Rule::Fresh(200)), Some(&user), now()), Decision::Allow);
    assert_eq!(decide(&Access::of(Rule::Fresh(199)), Some(&user), now()), Decision::Deny(Denial::Stale(199)));
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

const A: Access = Access::of(Rule::Scope("a"));
const B: Access = Access::of(Rule::Scope("b"));
const PUBLIC: Access = Access::of(Rule::Public("a test"));
const GIVES_UP: Access = Access::of(Rule::GivesUpAuthority("a test"));

/// An administrator who logged in 200 seconds ago, with a token that is restricted to these scopes, or to none.
fn restricted(scopes: Option<&[&str]>) -> Principal {
    let mut identity = caller(Some(&ADMIN)).identity().clone();
    identity.scopes = scopes.map(|list| list.iter().map(|one| (*one).to_owned()).collect());
    Principal::new(identity)
}

#[test]
fn a_token_with_scopes_passes_only_what_names_one_that_it_holds() {
    let (allow, deny) = (Decision::Allow, Decision::Deny);
    let unnamed = deny(Denial::Restricted);
    let signed_in = Access::of(Rule::Authenticated);
    let fresh = |seconds| Access::of(Rule::Fresh(seconds));
    let table = [
        (A, allow),
        (B, deny(Denial::Scope("b"))),
        (PUBLIC, allow),
        (GIVES_UP, allow),
        (signed_in, unnamed),
        (AT_LEAST_ADMIN, unnamed),
        (Access::of(Rule::Permission("notes.read")), unnamed),
        (fresh(300), unnamed),
        (OBJECT, unnamed),
        (AT_LEAST_ADMIN.and(A), allow),
        (A.and(AT_LEAST_ADMIN), allow),
        (AT_LEAST_ADMIN.and(B), deny(Denial::Scope("b"))),
        (A.and(B), deny(Denial::Scope("b"))),
        (OBJECT.and(A), Decision::NeedsObject),
        (OBJECT.and(B), deny(Denial::Scope("b"))),
        (A.and(fresh(200)), allow),
        (A.and(fresh(199)), deny(Denial::Stale(199))),
        // In an alternative, the branch that is met has to name the scope…
        (AT_LEAST_ADMIN.or(A), allow),
        (AT_LEAST_ADMIN.or(B), deny(Denial::Scope("b"))),
        (AT_LEAST_ADMIN.or(A.and(fresh(199))), deny(Denial::Stale(199))),
        (signed_in.or(AT_LEAST_ADMIN), unnamed),
        (AT_LEAST_ADMIN.and(A).or(OBJECT), allow),
        (AT_LEAST_ADMIN.or(OBJECT.and(A)), Decision::NeedsObject),
        // …unless the conjunction around it does.
        (signed_in.or(AT_LEAST_ADMIN).and(A), allow),
        (A.and(AT_LEAST_ADMIN.or(OBJECT)), allow),
        // What everyone passes covers nothing else.
        (PUBLIC.and(AT_LEAST_ADMIN), unnamed),
        (GIVES_UP.and(AT_LEAST_ADMIN), unnamed),
        (GIVES_UP.and(PUBLIC), allow),
        (GIVES_UP.or(AT_LEAST_ADMIN), allow),
    ];
    for (access, expected) in table {
        assert_eq!(decide(&access, Some(&restricted(Some(&["a"]))), now()), expected, "{access}");
        let unrestricted = decide(&access, Some(&restricted(None)), now());
        assert!(unrestricted != unnamed && !matches!(unrestricted, Decision::Deny(Denial::Scope(_))), "{access}: {unrestricted:?}");
        let empty = decide(&access, Some(&restricted(Some(&[]))), now());
        assert_eq!(empty == allow, expected == allow && access.sufficient_scopes().contains(&BTreeSet::new()), "{access}: {empty:?}");
    }
    let nobody = decide(&GIVES_UP, None, now());
    assert_eq!(nobody, Decision::Deny(Denial::Anonymous), "giving up authority needs somebody who has it");
}

#[test]
fn where_everyone_passes_a_restricted_token_is_nobody() {
    for (access, is_shown) in [(PUBLIC, false), (PUBLIC.or(A), false), (A, true), (GIVES_UP, true), (PUBLIC.and(A), true)] {
        assert_eq!(shows_caller(&access, &restricted(Some(&["a"]))), is_shown, "{access}");
        assert!(shows_caller(&access, &restricted(None)), "{access}");
    }
}

#[test]
fn the_scopes_that_open_a_policy_are_listed() {
    let listed = |access: Access| {
        let sets: Vec<String> = access.sufficient_scopes().iter().map(|set| set.iter().copied().collect::<Vec<_>>().join("+")).collect();
        sets.join(" ")
    };
    assert_eq!(listed(AT_LEAST_ADMIN), "");
    assert_eq!(listed(AT_LEAST_ADMIN.and(A)), "a");
    assert_eq!(listed(AT_LEAST_ADMIN.or(OBJECT).and(A).and(B)), "a+b");
    assert_eq!(listed(AT_LEAST_ADMIN.and(A).or(OBJECT.and(B)).or(AT_LEAST_USER)), "a b");
    assert_eq!(PUBLIC.sufficient_scopes(), BTreeSet::from([BTreeSet::new()]));
    assert_eq!(listed(PUBLIC.and(AT_LEAST_USER)), "");
}

mod reference;
