use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use portcullis_core::policy::{self, Access, Rule};
use portcullis_core::{PermissionGrant, Principal, ScopeEntry, TypeTag};
use portcullis_store::Database;

use super::condition::Scope;
use super::key::{Anyone, JoinKey, JoinObject, Key, NoObject, ObjectTag, OnObject};
use super::mistake::SCOPE_MALFORMED;
use super::resource::{Action, Authorized, Permits, Resource};
use crate::app::OperationDoc;
use crate::respond::Problem;

/// The policy of an endpoint, together with the loader of the object that it names.
///
/// `K` is whose roles and permissions it names, `O` the object that it decides on. An endpoint keeps it as [`Erased`], with both as data.
pub struct Guard<K = Erased, O = NoObject> {
    access: Access,
    object: Option<ObjectGuard>,
    key: u64,
    owner: TypeTag,
    permissions: [Option<PermissionGrant>; MOST_PERMISSIONS],
    types: PhantomData<fn() -> (K, O)>,
}

/// In place of a guard's types, once they are data.
#[derive(Clone, Copy, Debug)]
pub struct Erased;

/// How the object in an endpoint's path is loaded and asked.
#[derive(Clone, Copy, Debug)]
pub struct ObjectGuard {
    /// The action and the resource.
    pub tag: ObjectTag,
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
    /// The object, as `Authorized<A, R>` of the action and the resource that the policy decides on.
    pub value: Box<dyn Any + Send>,
    /// Whether it allows the caller the action.
    pub allows: bool,
}

impl<K: Key, O> Guard<K, O> {
    pub(crate) const fn of(access: Access, object: Option<ObjectGuard>) -> Self {
        let (key, owner) = (K::KEY, TypeTag::of::<K>());
        Self { access, object, key, owner, permissions: [None; MOST_PERMISSIONS], types: PhantomData }
    }

    /// Both guards let the caller pass.
    #[must_use]
    pub const fn and<L: Key, P>(self, other: Guard<L, P>) -> Guard<K::Both, O::Both>
    where
        K: JoinKey<L>,
        O: JoinObject<P>,
    {
        let access = self.access.and(other.access);
        self.joined(&other, access)
    }

    /// One of the guards lets the caller pass.
    #[must_use]
    pub const fn or<L: Key, P>(self, other: Guard<L, P>) -> Guard<K::Both, O::Both>
    where
        K: JoinKey<L>,
        O: JoinObject<P>,
    {
        let access = self.access.or(other.access);
        self.joined(&other, access)
    }

    /// The guard, for tokens that are unrestricted or hold this scope; `scope = "…"` of an endpoint's attribute.
    ///
    /// # Panics
    /// When the guard admits anonymous callers, or the text is no scope; at compile time.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn with_scope(self, scope: &'static str) -> Guard<K::Both, O::Both>
    where
        K: JoinKey<Anyone>,
        O: JoinObject<NoObject>,
    {
        if !ScopeEntry::is_name(scope) {
            panic!("{}", SCOPE_MALFORMED);
        }
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

    /// The guard with its types as data, as an endpoint keeps it.
    #[must_use]
    pub const fn erase(self) -> Guard {
        let Self { access, object, key, owner, permissions, .. } = self;
        Guard { access, object, key, owner, permissions, types: PhantomData }
    }

    pub(crate) const fn with_permission(mut self, permission: PermissionGrant) -> Self {
        self.permissions[0] = Some(permission);
        self
    }

    #[expect(clippy::indexing_slicing, reason = "a const function has no iterators; the index is below the length")]
    const fn joined<L: Key, P>(self, other: &Guard<L, P>, access: Access) -> Guard<K::Both, O::Both>
    where
        K: JoinKey<L>,
        O: JoinObject<P>,
    {
        let object = if self.object.is_some() { self.object } else { other.object };
        let mut both = Guard::<K::Both, O::Both>::of(access, object);
        let (mut at, mut place) = (0, 0);
        while at < 2 * MOST_PERMISSIONS {
            let permission = if at < MOST_PERMISSIONS { self.permissions[at] } else { other.permissions[at - MOST_PERMISSIONS] };
            // A policy has fewer conditions than places here.
            if permission.is_some() && place < MOST_PERMISSIONS {
                both.permissions[place] = permission;
                place += 1;
            }
            at += 1;
        }
        both
    }
}

impl<K, O> Guard<K, O> {
    /// The policy.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) const fn first_permission(&self) -> Option<PermissionGrant> {
        self.permissions[0]
    }
}

impl Guard {
    /// Whether the handler learns who the caller is; see [`policy::shows_caller`].
    pub(crate) fn shows(&self, caller: &Principal) -> bool {
        policy::shows_caller(&self.access, caller)
    }

    /// The object that the policy needs. Not public: what loads an object also makes it [`Authorized`].
    pub(crate) const fn object(&self) -> Option<&ObjectGuard> {
        self.object.as_ref()
    }

    /// The number of the role type whose roles and permissions the policy names.
    #[doc(hidden)]
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// The role type whose roles and permissions the policy names; [`Anyone`] when it names none.
    pub(crate) const fn owner(&self) -> TypeTag {
        self.owner
    }

    /// The permissions that the policy names.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = &PermissionGrant> {
        self.permissions.iter().flatten()
    }
}

impl<K, O> Clone for Guard<K, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, O> Copy for Guard<K, O> {}

impl<K, O> fmt::Debug for Guard<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({})", self.access)
    }
}

/// Callers whom the object in the path allows the action pass; everyone else finds nothing there.
#[derive(Debug)]
pub struct Can<A, R>(PhantomData<fn() -> (A, R)>);

impl<A: Action, R: Permits<A>> Can<A, R> {
    /// The guard of an `access = Can<Action, Resource>`.
    #[must_use]
    pub const fn guard() -> Guard<Anyone, OnObject<A, R>> {
        let access = Access::of(Rule::Object { action: A::NAME, resource: R::NAME });
        let object = ObjectGuard { tag: ObjectTag::of::<A, R>(), param: R::PARAM, load: load::<A, R>, describe: describe::<R> };
        Guard::of(access, Some(object))
    }
}

/// A policy that is a type, such as `access = Can<Read, Note>`.
pub trait GuardType {
    /// Whose roles and permissions it names.
    type Key: Key;
    /// The object that it decides on.
    type Object;
    /// The guard.
    const GUARD: Guard<Self::Key, Self::Object>;
}

impl<A: Action, R: Permits<A>> GuardType for Can<A, R> {
    type Key = Anyone;
    type Object = OnObject<A, R>;
    const GUARD: Guard<Anyone, OnObject<A, R>> = Self::guard();
}

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
        Ok(Some(Loaded { value: Box::new(Authorized::<A, R>::by_gate(object)), allows }))
    })
}

fn describe<R: Resource>(operation: &mut OperationDoc<'_>) {
    operation.path_parameter::<R::Key>(R::PARAM);
}

/// A policy's conditions are at most eleven with what joins them.
const MOST_PERMISSIONS: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::condition::{Authenticated, Public};
    use super::*;

    /// What the compiler says when a constant ends in this panic.
    fn refusal(guard: fn() -> Guard) -> String {
        let panic = std::panic::catch_unwind(guard).unwrap_err();
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).unwrap()
    }

    #[test]
    fn a_scope_on_a_public_endpoint_is_refused() {
        assert!(refusal(|| Public("a test").guard().with_scope("notes:read").erase()).contains("leave out `scope`"));
        let open = || Authenticated.guard().or(Public("a test").guard()).with_scope("notes:read").erase();
        assert!(refusal(open).contains("leave out `scope`"));
        assert_eq!(Authenticated.guard().with_scope("notes:read").access().to_string(), "(signed in and scope notes:read)");
    }
}
