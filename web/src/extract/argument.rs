use std::future::Future;

use super::call::Call;
use crate::app::OperationDoc;
use crate::authz::{Authorizes, Guard, ObjectTag};
use crate::respond::Problem;
use crate::seal::ArgumentSeal;

/// Something that a handler may ask for in its parameter list.
///
/// An application's own values become arguments by `#[derive(Provider)]`, an axum extractor by [`Foreign`](super::Foreign).
#[diagnostic::on_unimplemented(
    message = "a handler cannot ask for `{Self}`",
    label = "not an argument of an endpoint",
    note = "inputs are `Json<T>`, `Form<T>`, `Query<T>`, `Path<T>` with a type that has `#[input]`; values of the application need `#[derive(Provider)]`"
)]
pub trait Argument: Sized + Send + ArgumentSeal {
    /// What it needs of the request.
    const KIND: Kind;
    /// The names of the path parameters that it takes, if it takes any.
    const PATH: &'static [&'static str] = &[];
    /// The action and the resource that the policy has to decide on, if the argument is an object.
    const OBJECT: Option<ObjectTag> = None;
    /// Why it hands on something that nobody checked, if it does; stands in the access matrix.
    const REASON: Option<&'static str> = None;
    /// What the application has to provide: [`Nothing`], or [`Need<T>`]; for an object, what its policy has to decide on.
    type Needs;

    /// Adds parameters, bodies and answers to the endpoint's documentation.
    fn describe(operation: &mut OperationDoc<'_>) {
        let _ = operation;
    }

    /// Takes the value out of the request.
    fn extract(call: &mut Call) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// What an argument needs of the request; decides the order and what the compiler checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Only the head.
    Head,
    /// The caller, who must be signed in.
    Caller,
    /// The object in the path, which the gate loaded.
    Object,
    /// The part of a list that the caller may see.
    Scope,
    /// The place in a list.
    Page,
    /// The query.
    Query,
    /// The body; a handler has at most one of these, and it is read last.
    Body,
    /// A connection of its own (WebSocket).
    Upgrade,
}

/// The application need not provide anything for this argument.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// The application must provide a `T`.
#[derive(Clone, Copy, Debug)]
pub struct Need<T>(std::marker::PhantomData<fn() -> T>);

/// An argument as data: what the compile-time checks and the documentation read.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentSpec {
    /// What it needs of the request.
    pub kind: Kind,
    /// The path parameters that it takes.
    pub path: &'static [&'static str],
    /// The action and the resource that the policy has to decide on.
    pub object: Option<ObjectTag>,
    /// Why it hands on something that nobody checked.
    pub reason: Option<&'static str>,
    /// Adds it to the documentation.
    pub describe: fn(&mut OperationDoc<'_>),
}

/// The specification of an argument type.
#[must_use]
pub const fn specify<T: Argument>() -> ArgumentSpec {
    ArgumentSpec { kind: T::KIND, path: T::PATH, object: T::OBJECT, reason: T::REASON, describe: T::describe }
}

/// The specification of an argument type beside a policy, which decides on the object that the argument is.
#[must_use]
pub const fn specify_under<T: Argument, K, O: Authorizes<T::Needs>>(_: &Guard<K, O>) -> ArgumentSpec {
    specify::<T>()
}

impl Kind {
    /// Whether the argument reads the body.
    #[must_use]
    pub const fn reads_body(self) -> bool {
        matches!(self, Self::Body)
    }
}
