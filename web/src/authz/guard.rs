use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use portcullis_core::policy::{self, Access, Rule};
use portcullis_core::{Principal, RoleKind, ScopeEntry};
use portcullis_store::Database;

use super::resource::{Action, Permits, Resource};
use crate::app::OperationDoc;
use crate::respond::Problem;

/// The policy of an endpoint, together with the loader of the object that it names.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    access: Access,
    object: Option<ObjectGuard>,
}

/// How the object in an endpoint's path is loaded and asked.
#[derive(Clone, Copy, Debug)]
pub struct ObjectGuard {
    /// The action's name.
    pub action: &'static str,
    /// The resource's name.
    pub resource: &'static str,
    /// The path parameter that names the object.
    pub param: &'static str,
    /// Loads the object and asks it about the caller.
    pub load: LoadObject,
    /// Describes the path parameter.
    pub describe: fn(&mut OperationDoc<'_>),
}

/// Loads the object with this key and asks it whether it allows the caller; `None` when there is none.
pub type LoadObject =
    for<'a> fn(&'a Database, &'a str, Option<&'a Principal>) -> Pin<Box<dyn Future<Output = Result<Option<Loaded>, Problem>> + Send + 'a>>;

/// A loaded object and its own word about the caller.
#[derive(Debug)]
pub struct Loaded {
    /// The object.
    pub value: Box<dyn Any + Send>,
    /// Whether it allows the caller the action.
    pub allows: bool,
}

impl Guard {
    /// A guard of one rule, without an object.
    #[must_use]
    pub const fn rule(rule: Rule) -> Self {
        Self { access: Access::of(rule), object: None }
    }

    /// Both guards let the caller pass.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { access: self.access.and(other.access), object: one_object(self.object, other.object) }
    }

    /// One of the guards lets the caller pass.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { access: self.access.or(other.access), object: one_object(self.object, other.object) }
    }

    /// The policy.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// Whether the handler learns who the caller is; see [`policy::shows_caller`].
    pub(crate) fn shows(&self, caller: &Principal) -> bool {
        policy::shows_caller(&self.access, caller)
    }

    /// The object that the policy needs.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectGuard> {
        self.object.as_ref()
    }

    /// The guard, for tokens that are unrestricted or hold this scope; `scope = "…"` of an endpoint's attribute.
    ///
    /// # Panics
    /// When the guard admits anonymous callers, or the text is no scope; at compile time.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn with_scope(self, scope: &'static str) -> Self {
        if self.access.admits_anonymous() {
            panic!("this endpoint is open to everyone, whatever the scopes: leave out `scope`, or change `access`");
        }
        self.and(Scope(scope).guard())
    }

    /// A guard is its own guard, so that `access = …` takes one as it takes a role.
    #[must_use]
    pub const fn guard(self) -> Self {
        self
    }
}

/// Everyone passes; the reason says why that is right, and stands in the access matrix.
#[derive(Clone, Copy, Debug)]
pub struct Public(pub &'static str);

impl Public {
    /// The guard of an `access = Public("…")`.
    ///
    /// # Panics
    /// When the reason is empty; at compile time.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn guard(self) -> Guard {
        if self.0.trim_ascii().is_empty() {
            panic!("say why this endpoint is open to everyone: `Public(\"reason\")`");
        }
        Guard::rule(Rule::Public(self.0))
    }
}

/// Every signed-in caller passes.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated;

impl Authenticated {
    /// The guard of an `access = Authenticated`.
    #[must_use]
    pub const fn guard(self) -> Guard {
        Guard::rule(Rule::Authenticated)
    }
}

/// Callers whose credential carries this OAuth scope, or is restricted to none, pass.
#[derive(Clone, Copy, Debug)]
pub struct Scope(pub &'static str);

impl Scope {
    /// The guard of an `access = Scope("…")`.
    ///
    /// # Panics
    /// When the text is no scope; at compile time.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn guard(self) -> Guard {
        if !ScopeEntry::is_name(self.0) {
            panic!(
                "a scope is one word of at most 64 visible ASCII characters, without quote and backslash; several stand in `all(…)` or `any(…)`"
            );
        }
        Guard::rule(Rule::Scope(self.0))
    }
}

/// Every signed-in caller passes, whatever scopes restrict the token; for endpoints that only give up authority, such as logging out.
///
/// The text says what is given up, and stands in the access matrix.
#[derive(Clone, Copy, Debug)]
pub struct GivesUpAuthority(pub &'static str);

impl GivesUpAuthority {
    /// The guard of an `access = GivesUpAuthority("…")`.
    ///
    /// # Panics
    /// When the text is empty; at compile time.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn guard(self) -> Guard {
        if self.0.trim_ascii().is_empty() {
            panic!("say what is given up: `GivesUpAuthority(\"ends the session\")`");
        }
        Guard::rule(Rule::GivesUpAuthority(self.0))
    }
}

/// Callers who proved who they are a short while ago pass.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    seconds: u32,
}

impl Fresh {
    /// Within this many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// The guard of an `access = Fresh::minutes(…)`.
    #[must_use]
    pub const fn guard(self) -> Guard {
        Guard::rule(Rule::Fresh(self.seconds))
    }
}

/// Callers whom the object in the path allows the action pass; everyone else finds nothing there.
#[derive(Debug)]
pub struct Can<A, R>(PhantomData<fn() -> (A, R)>);

impl<A: Action, R: Permits<A>> Can<A, R> {
    /// The guard of an `access = Can<Action, Resource>`.
    #[must_use]
    pub const fn guard() -> Guard {
        Guard {
            access: Access::of(Rule::Object { action: A::NAME, resource: R::NAME }),
            object: Some(ObjectGuard { action: A::NAME, resource: R::NAME, param: R::PARAM, load: load::<A, R>, describe: describe::<R> }),
        }
    }
}

/// A policy that is a type, such as `access = Can<Read, Note>`.
pub trait GuardType {
    /// The guard.
    const GUARD: Guard;
}

impl<A: Action, R: Permits<A>> GuardType for Can<A, R> {
    const GUARD: Guard = Self::guard();
}

/// Says that a role or permission belongs to an application whose roles are `R`; implemented by the derives.
#[diagnostic::on_unimplemented(
    message = "this endpoint's policy names `{Self}`, but the application's roles are `{R}`",
    note = "an application has exactly one role type"
)]
pub trait KeyOf<R: RoleKind> {}

type LoadFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Loaded>, Problem>> + Send + 'a>>;

fn load<'a, A: Action, R: Permits<A>>(database: &'a Database, key: &'a str, caller: Option<&'a Principal>) -> LoadFuture<'a> {
    Box::pin(async move {
        let Ok(key) = key.parse::<<R as Resource>::Key>() else {
            return Ok(None);
        };
        let Some(object) = R::load(key, database).await? else {
            return Ok(None);
        };
        let allows = caller.is_some_and(|caller| object.permits(caller));
        Ok(Some(Loaded { value: Box::new(object), allows }))
    })
}

fn describe<R: Resource>(operation: &mut OperationDoc<'_>) {
    operation.path_parameter::<R::Key>(R::PARAM);
}

#[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
const fn one_object(left: Option<ObjectGuard>, right: Option<ObjectGuard>) -> Option<ObjectGuard> {
    match (left, right) {
        (Some(_), Some(_)) => panic!("a policy names at most one object: name one of them, or make one action that covers both"),
        (Some(object), None) | (None, Some(object)) => Some(object),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the compiler says when a constant ends in this panic.
    fn refusal(guard: fn() -> Guard) -> String {
        let panic = std::panic::catch_unwind(guard).unwrap_err();
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).unwrap()
    }

    #[test]
    fn a_scope_on_a_public_endpoint_is_refused() {
        assert!(refusal(|| Public("a test").guard().with_scope("notes:read")).contains("leave out `scope`"));
        assert_eq!(Authenticated.guard().with_scope("notes:read").access().to_string(), "(signed in and scope notes:read)");
    }

    #[test]
    fn a_scope_that_no_token_could_hold_is_refused() {
        for guard in [|| Scope("").guard(), || Scope("a b").guard(), || Scope("a\"b").guard(), || Authenticated.guard().with_scope("a\\b")]
        {
            assert!(refusal(guard).starts_with("a scope is one word"));
        }
    }

    #[test]
    fn who_opens_an_endpoint_to_every_token_says_what_is_given_up() {
        assert!(refusal(|| GivesUpAuthority(" ").guard()).starts_with("say what is given up"));
    }
}
