use std::fmt;
use std::marker::PhantomData;

use portcullis_core::RoleKind;

use super::endpoint::Endpoint;

/// A type that stands for one endpoint; the attributes make it, under the handler's name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an endpoint",
    note = "put `#[get(\"/path\", access = …)]` or another method's attribute on the handler"
)]
pub trait Registered {
    /// The endpoint.
    const ENDPOINT: &'static Endpoint;
}

/// Says that an application with roles `R` and providers `S` can mount the endpoint; the attributes implement it.
pub trait Mountable<R: RoleKind, S, I>: Registered {}

/// A list of endpoints, checked against the application's roles and providers; made by [`endpoints!`](crate::endpoints).
pub struct Endpoints<R, S> {
    list: Vec<&'static Endpoint>,
    application: PhantomData<fn() -> (R, S)>,
}

impl<R: RoleKind, S> Endpoints<R, S> {
    /// No endpoints yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), application: PhantomData }
    }

    /// Adds an endpoint.
    #[must_use]
    pub fn with<E: Mountable<R, S, I>, I>(mut self, endpoint: PhantomData<E>) -> Self {
        let _ = endpoint;
        self.list.push(E::ENDPOINT);
        self
    }

    pub(crate) fn into_list(self) -> Vec<&'static Endpoint> {
        self.list
    }
}

impl<R: RoleKind, S> Default for Endpoints<R, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, S> fmt::Debug for Endpoints<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

/// Collects handlers into the list that an application mounts: `endpoints![create_note, read_note]`.
#[macro_export]
macro_rules! endpoints {
    ($($endpoint:path),* $(,)?) => {
        $crate::app::Endpoints::new()$(.with(::core::marker::PhantomData::<$endpoint>))*
    };
}
