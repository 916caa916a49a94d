use std::fmt;
use std::future::Future;
use std::pin::Pin;

use axum::response::Response;

use super::builder::{EndpointBuilder, NeedsPolicy};
use super::class::Class;
use super::operation::OperationDoc;
use crate::authz::Guard;
use crate::extract::{ArgumentSpec, Call, Kind};

/// One endpoint as data: the only thing that an application mounts, and the one value that router, gate, OpenAPI document and access
/// matrix read.
pub struct Endpoint {
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) tag: Option<&'static str>,
    pub(super) guard: Guard,
    pub(super) class: Class,
    pub(super) body_limit: Option<usize>,
    pub(super) without_object: Option<&'static str>,
    pub(super) unscoped: Option<&'static str>,
    pub(super) by_hand: Option<&'static str>,
    pub(super) arguments: &'static [ArgumentSpec],
    pub(super) answer: fn(&mut OperationDoc<'_>),
    pub(super) answer_reason: Option<&'static str>,
    pub(super) call: fn(Call) -> CallFuture,
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

impl Endpoint {
    /// Begins an endpoint at a path template such as `/notes/{id}`.
    #[must_use]
    pub const fn builder(verb: Verb, path: &'static str, name: &'static str) -> EndpointBuilder<NeedsPolicy> {
        EndpointBuilder::new(verb, path, name)
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

    /// Why the endpoint is called by hand, past arguments and outputs.
    #[must_use]
    pub const fn by_hand(&self) -> Option<&'static str> {
        self.by_hand
    }

    /// Why the endpoint takes or sends something that nobody checked, for each such argument and the answer.
    pub(crate) fn unchecked(&self) -> impl Iterator<Item = &'static str> {
        self.arguments.iter().filter_map(|argument| argument.reason).chain(self.answer_reason)
    }

    pub(crate) const fn answer_reason(&self) -> Option<&'static str> {
        self.answer_reason
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

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.verb.as_str(), self.path, self.guard.access())
    }
}
