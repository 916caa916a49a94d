use std::fmt;
use std::marker::PhantomData;

use portcullis_core::RoleKind;

use super::endpoint::Endpoint;

/// A type that stands for one endpoint; the attributes make it, under the handler's name.
pub trait Registered {
    /// The endpoint.
    const ENDPOINT: &'static Endpoint;
}

/// Says that an application with roles `R` and providers `S` can mount the endpoint; the attributes implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an endpoint",
    label = "no attribute made this",
    note = "put `#[get(\"/path\", access = …)]` or another method's attribute on the handler"
)]
pub trait Mountable<R: RoleKind, S, I>: Registered {}

/// A list of endpoints, checked against the application's roles and providers; made by [`endpoints!`](crate::endpoints).
pub struct Endpoints<R, S> {
    list: Vec<&'static Endpoint>,
    application: PhantomData<fn() -> (R, S)>,
}

/// An endpoint that an application with roles `R` and providers `S` can mount. The name is what the compiler says when they differ.
pub struct EndpointWithRoles<R, S> {
    endpoint: &'static Endpoint,
    application: PhantomData<fn() -> (R, S)>,
}

/// An endpoint, about to be mounted.
#[must_use]
pub const fn mount<E: Mountable<R, S, I>, R: RoleKind, S, I>() -> EndpointWithRoles<R, S> {
    EndpointWithRoles { endpoint: E::ENDPOINT, application: PhantomData }
}

impl<R: RoleKind, S> Endpoints<R, S> {
    /// These endpoints.
    #[must_use]
    pub fn of<const N: usize>(endpoints: [EndpointWithRoles<R, S>; N]) -> Self {
        Self { list: endpoints.into_iter().map(|mount| mount.endpoint).collect(), application: PhantomData }
    }

    pub(crate) fn into_list(self) -> Vec<&'static Endpoint> {
        self.list
    }
}

impl<R, S> fmt::Debug for Endpoints<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl<R, S> fmt::Debug for EndpointWithRoles<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// Collects handlers into the list that an application mounts: `endpoints![create_note, read_note]`.
///
/// A function without an attribute such as `#[get("/path", access = …)]` is no endpoint, and the compiler finds no type of its name.
#[macro_export]
macro_rules! endpoints {
    ($($endpoint:ty),* $(,)?) => {
        $crate::app::Endpoints::of([$($crate::app::mount::<($endpoint), _, _, _>()),*])
    };
}
