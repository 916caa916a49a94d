use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::{Clock, RoleKind, ScopeEntry};
use portcullis_store::{Migration, Migrations};
use tower::{Layer, Service};

use super::config::{Section, Sections, Settings};
use super::consistency::RoleType;
use super::endpoint::Endpoint;
use super::module::Module;
use super::raw_mount::RawMount;
use super::registry::Endpoints;
use super::route::{BoxedService, Inner};
use crate::authn::{MappedTo, RemoteIssuer, TrustedIssuer};
use crate::authz::{Guard, KeyOf, WithoutObject};
use crate::extract::Provider;
use crate::{Request, Response};

/// An application: endpoints, what they need, and nothing that isn't declared.
///
/// `R` are its roles, `S` the list of what it provides; both are checked against every endpoint by the compiler.
pub struct App<R, S = ()> {
    pub(crate) parts: Parts,
    types: PhantomData<fn() -> (R, S)>,
}

/// An application without its types.
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) roles: &'static [portcullis_core::RoleEntry],
    pub(crate) role_type: RoleType,
    pub(crate) scopes: Vec<ScopeEntry>,
    pub(crate) endpoints: Vec<&'static Endpoint>,
    pub(crate) raw: Vec<RawMount>,
    pub(crate) providers: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
    pub(crate) sections: Sections,
    pub(crate) migrations: Vec<Migrations>,
    pub(crate) modules: Vec<Arc<dyn Module>>,
    pub(crate) issuers: Vec<TrustedIssuer>,
    pub(crate) layers: Layers,
    pub(crate) clock: Clock,
}

/// Layers, behind a lock that nobody waits for, so that an application can be started from any task.
type Layers = Mutex<Vec<Box<dyn FnOnce(BoxedService) -> BoxedService + Send>>>;

impl<R: RoleKind> App<R> {
    /// An application with this name and nothing in it.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let parts = Parts {
            name,
            version: "0.1.0",
            roles: R::ROLES,
            role_type: RoleType::of::<R>(),
            scopes: Vec::new(),
            endpoints: Vec::new(),
            raw: Vec::new(),
            providers: Vec::new(),
            sections: Sections::default(),
            migrations: Vec::new(),
            modules: Vec::new(),
            issuers: Vec::new(),
            layers: Mutex::default(),
            clock: Clock::system(),
        };
        Self { parts, types: PhantomData }
    }
}

impl<R: RoleKind, S> App<R, S> {
    /// The version that stands in the OpenAPI document.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.parts.version = version;
        self
    }

    /// Mounts endpoints. The compiler checks that their roles are this application's and that it provides what they ask for.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints<R, S>) -> Self {
        self.parts.endpoints.extend(endpoints.into_list());
        self
    }

    /// Declares a scope, such as `notes:read`, with the words that people see who restrict a token to it.
    ///
    /// A policy that names a scope which nobody declares stops the start.
    #[must_use]
    pub fn scope(mut self, name: &'static str, description: &'static str) -> Self {
        self.parts.scopes.push(ScopeEntry::new(name, description));
        self
    }

    /// Provides a value to handlers, by its type.
    #[must_use]
    pub fn provide<T: Provider>(mut self, value: T) -> App<R, (T, S)> {
        self.parts.providers.push((TypeId::of::<T>(), Box::new(value)));
        App { parts: self.parts, types: PhantomData }
    }

    /// Replaces a provided value, for tests.
    ///
    /// # Panics
    /// When nothing of this type was provided.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that replaces what isn't there is wrong")]
    pub fn replace<T: Provider>(mut self, value: T) -> Self {
        let place = self.parts.providers.iter_mut().find(|(own, _)| *own == TypeId::of::<T>());
        let Some((_, place)) = place else { panic!("{} was never provided", type_name::<T>()) };
        *place = Box::new(value);
        self
    }

    /// Reads a section of the settings file for the application itself.
    #[must_use]
    pub fn section<T: Section>(mut self) -> Self {
        self.parts.sections.add::<T>();
        self
    }

    /// Adds the application's own tables; steps are only ever appended.
    #[must_use]
    pub fn migrations(mut self, module: &'static str, steps: &'static [Migration]) -> Self {
        self.parts.migrations.push(Migrations { module, steps });
        self
    }

    /// Adds a module; what it provides is `P`.
    #[must_use]
    pub fn module<P: Provider>(mut self, module: impl Module) -> App<R, (P, S)> {
        module.sections(&mut self.parts.sections);
        self.parts.modules.push(Arc::new(module));
        App { parts: self.parts, types: PhantomData }
    }

    /// Trusts the tokens of an external issuer: the application needs no accounts of its own, and can't have them beside it. Roles that the
    /// issuer's are mapped to are this application's, which the compiler checks.
    #[must_use]
    pub fn trust<M: MappedTo<R>>(mut self, issuer: RemoteIssuer<M>) -> Self {
        self.parts.issuers.push(issuer.into_trusted());
        self
    }

    /// Puts a tower layer around the gate and the handlers: inside observation, headers, limits by address and panic capture, outside
    /// authentication. Later layers are outside earlier ones.
    ///
    /// The route is found before. A layer that changes the method or the path, or passes a request on twice, causes a 500 whose cause is
    /// logged: limits of another endpoint were applied.
    #[must_use]
    pub fn layer_around_gate<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxedService> + Send + 'static,
        L::Service: Service<Request, Response = Response, Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.parts
            .layers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(move |inner| BoxedService::new(layer.layer(inner))));
        self
    }

    /// Mounts a raw axum router below a prefix. Portcullis guards it, limits it and stamps its headers, but can't document or validate
    /// what it does; the reason stands in the access matrix. The router sees whole paths: its routes begin with the prefix.
    #[must_use]
    pub fn dangerous_mount_axum<K: KeyOf<R>, O: WithoutObject>(
        self,
        prefix: &'static str,
        guard: Guard<K, O>,
        router: axum::Router,
        reason: &'static str,
    ) -> Self {
        self.dangerous_mount_raw(RawMount::new(prefix, guard, router, reason))
    }

    /// Mounts a raw axum router as [`dangerous_mount_axum`](Self::dangerous_mount_axum) does, with its rate-limit class and body limit.
    #[must_use]
    pub fn dangerous_mount_raw<K: KeyOf<R>>(mut self, mount: RawMount<K>) -> Self {
        self.parts.raw.push(mount.erased());
        self
    }

    /// Takes the time from another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.parts.clock = clock;
        self
    }

    /// Whether a module with these tables was added.
    #[must_use]
    pub fn has_module(&self, name: &str) -> bool {
        self.parts.modules.iter().any(|module| module.migrations().module == name)
    }

    /// The sections of the settings that this application knows.
    #[must_use]
    pub const fn sections(&self) -> &Sections {
        &self.parts.sections
    }

    /// Every endpoint with these settings, modules' included, sorted by path and method.
    #[must_use]
    pub fn registry(&self, settings: &Settings) -> Vec<&'static Endpoint> {
        self.parts.registry(settings)
    }

    /// The OpenAPI document with these settings.
    #[must_use]
    pub fn openapi(&self, settings: &Settings) -> serde_json::Value {
        let parts = &self.parts;
        super::openapi::document(parts.name, parts.version, &settings.public_url, &parts.declared_scopes(), &parts.registry(settings))
    }

    /// The access matrix with these settings, as text.
    #[must_use]
    pub fn matrix(&self, settings: &Settings) -> String {
        super::matrix::matrix(&self.parts.registry(settings), &self.parts.raw, self.parts.roles)
    }
}

impl Parts {
    pub(crate) fn registry(&self, settings: &Settings) -> Vec<&'static Endpoint> {
        self.registry_with(settings, &self.sections)
    }

    pub(crate) fn registry_with(&self, settings: &Settings, sections: &Sections) -> Vec<&'static Endpoint> {
        let mut endpoints = self.endpoints.clone();
        for module in &self.modules {
            endpoints.extend(module.endpoints(settings, sections));
        }
        endpoints.extend(super::documents::endpoints(settings));
        endpoints.extend(super::health::endpoints());
        endpoints.sort_by_key(|endpoint| (endpoint.path(), endpoint.verb()));
        endpoints
    }

    /// The service that layers wrap: the gate and what is behind it.
    pub(crate) fn layered(&mut self, inner: Inner) -> Option<BoxedService> {
        let layers = std::mem::take(self.layers.get_mut().unwrap_or_else(PoisonError::into_inner));
        if layers.is_empty() {
            return None;
        }
        Some(layers.into_iter().fold(BoxedService::new(inner), |service, layer| layer(service)))
    }
}

impl<R, S> fmt::Debug for App<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("name", &self.parts.name).field("endpoints", &self.parts.endpoints).finish_non_exhaustive()
    }
}
