use std::any::type_name;
use std::sync::Arc;

use portcullis_core::{Clock, Principal};
use portcullis_store::Database;

use super::argument::{Argument, Kind, Need, Nothing};
use super::call::Call;
use crate::app::{Runtime, Spawner};
use crate::authz::OnObject;
use crate::respond::Problem;

/// A value of the application that handlers ask for by type; made by `#[derive(Provider)]`.
pub trait Provider: Clone + Send + Sync + 'static {}

/// A value made anew for each request; `#[derive(Provider)]` with `#[provider(per_request)]` makes it an argument.
pub trait PerRequest: Sized + Send {
    /// Makes the value from the request's head; the body is the handler's.
    fn provide(call: &mut Call) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// The provided value of this type. Mounting checked that there is one.
///
/// # Errors
/// A 500 when the type was never provided, which only an endpoint that skipped mounting can see.
pub fn provided<T: Provider>(call: &Call) -> Result<T, Problem> {
    call.runtime.provider::<T>().ok_or_else(|| Problem::internal(format_args!("{} is not provided", type_name::<T>())))
}

/// Says that a list of providers `S` holds a `T` at place `I`.
#[diagnostic::on_unimplemented(
    message = "a handler asks for `{T}`, but the application does not provide it",
    label = "this endpoint needs a `{T}`",
    note = "add `.provide(…)` with a `{T}` to the application before its endpoints"
)]
pub trait Has<T, I> {}

/// The first place in a list of providers.
#[derive(Clone, Copy, Debug)]
pub struct Here;
/// A later place in a list of providers.
#[derive(Clone, Copy, Debug)]
pub struct There<I>(std::marker::PhantomData<fn() -> I>);

impl<T, Rest> Has<T, Here> for (T, Rest) {}
impl<T, Head, Rest: Has<T, I>, I> Has<T, There<I>> for (Head, Rest) {}

/// Says that a list of providers `S` satisfies the need of an argument.
pub trait Satisfies<N, I> {}
impl<S> Satisfies<Nothing, Here> for S {}
impl<S: Has<T, I>, T, I> Satisfies<Need<T>, I> for S {}
impl<S, A, R> Satisfies<OnObject<A, R>, Here> for S {}

/// Says that a list of providers `S` has what this argument needs, at place `I`.
pub trait ProvidedBy<S, I> {}
impl<T: Argument, S: Satisfies<T::Needs, I>, I> ProvidedBy<S, I> for T {}

macro_rules! always_provided {
    ($($type:ty => |$call:ident| $value:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Argument for $type {
            const KIND: Kind = Kind::Head;
            type Needs = Nothing;
            async fn extract($call: &mut Call) -> Result<Self, Problem> {
                Ok($value)
            }
        }
    )*};
}

always_provided! {
    Database => |call| call.runtime.database().clone();
    Clock => |call| call.runtime.clock().clone();
    Spawner => |call| call.runtime.spawner().clone();
    Arc<Runtime> => |call| Arc::clone(&call.runtime);
    Option<Principal> => |call| call.principal.clone();
}

#[diagnostic::do_not_recommend]
impl Argument for Principal {
    const KIND: Kind = Kind::Caller;
    type Needs = Nothing;
    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.principal.clone().ok_or_else(|| Problem::internal("the gate let an anonymous caller through"))
    }
}
