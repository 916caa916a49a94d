use portcullis_core::{RoleKind, TypeTag};

use super::resource::{Action, Resource};
use crate::extract::{Need, Nothing};

/// Whose roles and permissions a policy names: the application's role type, or [`Anyone`]. Implemented by `#[derive(Role)]`.
///
/// [`Guard`](super::Guard) carries it in its type while it is built, so that policies of two applications can't be joined.
pub trait Key: 'static {
    /// A number of the role type's own: constants can't compare types, and only types can be compared when endpoints are mounted.
    #[doc(hidden)]
    const KEY: u64;
}

/// The key of a policy that names neither a role nor a permission of an application: any application can mount it.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Key for Anyone {
    const KEY: u64 = 0;
}

/// Says that an application with these roles may mount endpoints whose policy has this key.
#[diagnostic::on_unimplemented(
    message = "this endpoint's policy names a role or a permission of another application than the one with the roles `{Self}`",
    label = "not an endpoint of an application with the roles `{Self}`",
    note = "name a role of `{Self}`, or a permission with `#[permission(of = {Self})]`"
)]
pub trait Knows<const KEY: u64> {}

#[diagnostic::do_not_recommend]
impl<R: RoleKind> Knows<0> for R {}

/// Says that a policy with this key may guard a raw router of an application with the roles `R`.
#[diagnostic::on_unimplemented(
    message = "this policy names a role or a permission of `{Self}`, but the application's roles are `{R}`",
    label = "a policy of another application",
    note = "an application has exactly one role type"
)]
pub trait KeyOf<R: RoleKind>: Key {}

#[diagnostic::do_not_recommend]
impl<R: RoleKind> KeyOf<R> for Anyone {}

/// Says that one policy may name what two keys stand for.
#[diagnostic::on_unimplemented(
    message = "a policy names roles or permissions of two applications: `{Self}` and `{K}`",
    label = "a policy of another application",
    note = "an application has exactly one role type"
)]
pub trait JoinKey<K> {
    /// The key of both.
    type Both: Key;
}

impl<K: Key> JoinKey<K> for Anyone {
    type Both = K;
}

/// The policy names no object.
#[derive(Clone, Copy, Debug)]
pub struct NoObject;

/// The policy decides on the action `A` on an object of `R`.
#[derive(Clone, Copy, Debug)]
pub struct OnObject<A, R>(std::marker::PhantomData<fn() -> (A, R)>);

/// Says that one policy may decide on what two policies decide on.
#[diagnostic::on_unimplemented(
    message = "a policy names at most one object: name one of them, or make one action that covers both",
    label = "two objects in one policy"
)]
pub trait JoinObject<O> {
    /// What both decide on.
    type Both;
}

impl<O> JoinObject<O> for NoObject {
    type Both = O;
}

impl<A: Action, R: Resource> JoinObject<NoObject> for OnObject<A, R> {
    type Both = Self;
}

/// No policy has it: beside it the compiler doesn't take [`NoObject`] for the only thing that joins an object, and says what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct TwoObjects;

#[diagnostic::do_not_recommend]
impl<A: Action, R: Resource> JoinObject<TwoObjects> for OnObject<A, R> {
    type Both = TwoObjects;
}

/// Says that a policy names no object.
#[diagnostic::on_unimplemented(
    message = "a raw router's policy can't name an object: no path parameter names one",
    label = "this policy names an object",
    note = "name a role or a permission instead, and ask the object inside the router"
)]
pub trait WithoutObject {}

impl WithoutObject for NoObject {}

/// Says that a policy that decides on `Self` loads what an argument needs.
#[diagnostic::on_unimplemented(
    message = "this handler takes an object that its policy doesn't authorize for this action",
    label = "not what the policy decides on",
    note = "name the same two in `Authorized<Action, Resource>` and in `access = Can<Action, Resource>`"
)]
pub trait Authorizes<N> {}

impl<O> Authorizes<Nothing> for O {}
impl<O, T> Authorizes<Need<T>> for O {}
#[diagnostic::do_not_recommend]
impl<A: Action, R: Resource> Authorizes<Self> for OnObject<A, R> {}

/// An action on a resource, by their names and their types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectTag {
    /// The action's name.
    pub action: &'static str,
    /// The resource's name.
    pub resource: &'static str,
    /// The action's type.
    pub action_type: TypeTag,
    /// The resource's type.
    pub resource_type: TypeTag,
}

impl ObjectTag {
    pub(crate) const fn of<A: Action, R: Resource>() -> Self {
        Self { action: A::NAME, resource: R::NAME, action_type: TypeTag::of::<A>(), resource_type: TypeTag::of::<R>() }
    }
}
