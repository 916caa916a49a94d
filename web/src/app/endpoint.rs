use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use axum::response::Response;

use super::class::Class;
use super::operation::OperationDoc;
use crate::authz::Guard;
use crate::extract::{ArgumentSpec, Call, Kind};

/// One endpoint as data: the only thing that an application mounts, and the one value that router, gate, OpenAPI document and access
/// matrix read.
pub struct Endpoint {
    verb: Verb,
    path: &'static str,
    name: &'static str,
    doc: &'static str,
    tag: Option<&'static str>,
    guard: Guard,
    class: Class,
    body_limit: Option<usize>,
    without_object: Option<&'static str>,
    unscoped: Option<&'static str>,
    arguments: &'static [ArgumentSpec],
    answer: fn(&mut OperationDoc<'_>),
    call: fn(Call) -> CallFuture,
}

/// What calling an endpoint yields.
pub type CallFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The method of an endpoint. `HEAD` is answered by `GET`, `OPTIONS` by the pipeline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the methods of RFC 9110")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the method changes nothing ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1)).
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// Builds an [`Endpoint`]; the attributes `#[get]`, `#[post]`, … are sugar over it. Without a policy there is no endpoint.
pub struct EndpointBuilder<Stage> {
    endpoint: Draft,
    stage: PhantomData<Stage>,
}

/// The policy is missing.
#[derive(Clone, Copy, Debug)]
pub struct NeedsPolicy;
/// The handler is missing.
#[derive(Clone, Copy, Debug)]
pub struct NeedsHandler;
/// Nothing is missing.
#[derive(Clone, Copy, Debug)]
pub struct Ready;

#[derive(Clone, Copy)]
struct Draft {
    verb: Verb,
    path: &'static str,
    name: &'static str,
    doc: &'static str,
    tag: Option<&'static str>,
    guard: Option<Guard>,
    class: Class,
    body_limit: Option<usize>,
    without_object: Option<&'static str>,
    unscoped: Option<&'static str>,
    arguments: &'static [ArgumentSpec],
    answer: Option<fn(&mut OperationDoc<'_>)>,
    call: Option<fn(Call) -> CallFuture>,
}

impl Endpoint {
    /// Begins an endpoint at a path template such as `/notes/{id}`.
    #[must_use]
    pub const fn builder(verb: Verb, path: &'static str, name: &'static str) -> EndpointBuilder<NeedsPolicy> {
        EndpointBuilder {
            endpoint: Draft {
                verb,
                path,
                name,
                doc: "",
                tag: None,
                guard: None,
                class: Class::Default,
                body_limit: None,
                without_object: None,
                unscoped: None,
                arguments: &[],
                answer: None,
                call: None,
            },
            stage: PhantomData,
        }
    }

    /// The method.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        self.verb
    }

    /// The path template.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The handler's name, unique in an application; the `operationId` of the OpenAPI document.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The handler's doc comment.
    #[must_use]
    pub const fn doc(&self) -> &'static str {
        self.doc
    }

    /// The policy.
    #[must_use]
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The class for rate limits.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The most bytes of a body, where it isn't the application's default.
    #[must_use]
    pub const fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    /// The most bytes of a body where the application's default is this: an endpoint that takes credentials needs only a few KiB.
    pub(crate) const fn most_body_bytes(&self, default: usize) -> usize {
        match (self.body_limit, self.class) {
            (Some(limit), _) => limit,
            (None, class) => class.most_body_bytes(default),
        }
    }

    /// Why an endpoint with path parameters loads no object.
    #[must_use]
    pub const fn without_object(&self) -> Option<&'static str> {
        self.without_object
    }

    /// Why a list isn't scoped to the caller.
    #[must_use]
    pub const fn unscoped(&self) -> Option<&'static str> {
        self.unscoped
    }

    /// The group in the documentation: the given one, or the first word of the path.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.tag.unwrap_or_else(|| self.path.trim_start_matches('/').split('/').next().filter(|word| !word.is_empty()).unwrap_or("root"))
    }

    pub(crate) fn takes(&self, kind: Kind) -> bool {
        self.arguments.iter().any(|argument| argument.kind == kind)
    }

    pub(crate) const fn arguments(&self) -> &'static [ArgumentSpec] {
        self.arguments
    }

    pub(crate) fn describe_answer(&self, operation: &mut OperationDoc<'_>) {
        (self.answer)(operation);
    }

    pub(crate) fn call(&self, call: Call) -> CallFuture {
        (self.call)(call)
    }
}

impl EndpointBuilder<NeedsPolicy> {
    /// Says who may pass.
    #[must_use]
    pub const fn access(self, guard: Guard) -> EndpointBuilder<NeedsHandler> {
        let mut endpoint = self.endpoint;
        endpoint.guard = Some(guard);
        EndpointBuilder { endpoint, stage: PhantomData }
    }
}

impl EndpointBuilder<NeedsHandler> {
    /// Says what it takes, what it answers, and how it is called.
    #[must_use]
    pub const fn handler(
        self,
        arguments: &'static [ArgumentSpec],
        answer: fn(&mut OperationDoc<'_>),
        call: fn(Call) -> CallFuture,
    ) -> EndpointBuilder<Ready> {
        let mut endpoint = self.endpoint;
        endpoint.arguments = arguments;
        endpoint.answer = Some(answer);
        endpoint.call = Some(call);
        EndpointBuilder { endpoint, stage: PhantomData }
    }
}

impl EndpointBuilder<Ready> {
    /// The endpoint, once its parts agree with each other; a disagreement in a constant is a compile error.
    ///
    /// # Panics
    /// When the path template, the arguments and the policy disagree.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time: the panic is a compile error")]
    pub const fn build(self) -> Endpoint {
        let endpoint = self.build_checked_elsewhere();
        if let Some(mistake) = super::checks::mistake(&endpoint) {
            panic!("{}", mistake);
        }
        endpoint
    }

    /// The endpoint, whose parts the attribute checks one by one, each at the user's own token.
    #[doc(hidden)]
    #[must_use]
    #[expect(clippy::panic, reason = "the stages make sure of the parts; runs at compile time")]
    pub const fn build_checked_elsewhere(self) -> Endpoint {
        let draft = self.endpoint;
        let (Some(guard), Some(answer), Some(call)) = (draft.guard, draft.answer, draft.call) else {
            panic!("an endpoint needs a policy and a handler");
        };
        Endpoint {
            verb: draft.verb,
            path: draft.path,
            name: draft.name,
            doc: draft.doc,
            tag: draft.tag,
            guard,
            class: draft.class,
            body_limit: draft.body_limit,
            without_object: draft.without_object,
            unscoped: draft.unscoped,
            arguments: draft.arguments,
            answer,
            call,
        }
    }
}

impl<Stage> EndpointBuilder<Stage> {
    /// Adds the documentation.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.endpoint.doc = doc;
        self
    }

    /// Puts it into a group of the documentation.
    #[must_use]
    pub const fn tag(mut self, tag: &'static str) -> Self {
        self.endpoint.tag = Some(tag);
        self
    }

    /// Puts it into a class for rate limits.
    #[must_use]
    pub const fn class(mut self, class: Class) -> Self {
        self.endpoint.class = class;
        self
    }

    /// Sets the most bytes of a body.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.endpoint.body_limit = Some(bytes);
        self
    }

    /// Says why path parameters name no object.
    #[must_use]
    pub const fn without_object(mut self, reason: &'static str) -> Self {
        self.endpoint.without_object = Some(reason);
        self
    }

    /// Says why a list isn't scoped to the caller.
    #[must_use]
    pub const fn unscoped(mut self, reason: &'static str) -> Self {
        self.endpoint.unscoped = Some(reason);
        self
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.verb.as_str(), self.path, self.guard.access())
    }
}

impl<Stage> fmt::Debug for EndpointBuilder<Stage> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointBuilder({} {})", self.endpoint.verb.as_str(), self.endpoint.path)
    }
}
