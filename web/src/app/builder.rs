use std::fmt;
use std::marker::PhantomData;

use super::class::Class;
use super::endpoint::{CallFuture, Endpoint, Verb};
use super::operation::OperationDoc;
use crate::authz::{Guard, Key};
use crate::extract::{ArgumentSpec, Call};
use crate::respond::AnswerSpec;

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
    by_hand: Option<&'static str>,
    arguments: &'static [ArgumentSpec],
    answer: Option<fn(&mut OperationDoc<'_>)>,
    answer_reason: Option<&'static str>,
    call: Option<fn(Call) -> CallFuture>,
}

impl EndpointBuilder<NeedsPolicy> {
    pub(super) const fn new(verb: Verb, path: &'static str, name: &'static str) -> Self {
        Self {
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
                by_hand: None,
                arguments: &[],
                answer: None,
                answer_reason: None,
                call: None,
            },
            stage: PhantomData,
        }
    }

    /// Says who may pass.
    #[must_use]
    pub const fn access<K: Key, O>(self, guard: Guard<K, O>) -> EndpointBuilder<NeedsHandler> {
        self.guarded(guard.erase())
    }

    const fn guarded(self, guard: Guard) -> EndpointBuilder<NeedsHandler> {
        let mut endpoint = self.endpoint;
        endpoint.guard = Some(guard);
        EndpointBuilder { endpoint, stage: PhantomData }
    }

    /// The endpoint of an attribute, which checks its parts one by one, each at the user's own token.
    pub(crate) const fn finish(
        self,
        guard: Guard,
        arguments: &'static [ArgumentSpec],
        answer: AnswerSpec,
        call: fn(Call) -> CallFuture,
    ) -> Endpoint {
        let mut ready = self.guarded(guard).handled(arguments, answer.describe, call);
        ready.endpoint.answer_reason = answer.reason;
        ready.assembled()
    }
}

impl EndpointBuilder<NeedsHandler> {
    /// Says what it takes, what it answers, and how it is called.
    ///
    /// Dangerous: `call` answers whatever it likes, and may read of the request what `arguments` doesn't name. The reason says why an
    /// attribute doesn't do, and stands in the access matrix.
    #[must_use]
    pub const fn dangerous_handler(
        mut self,
        arguments: &'static [ArgumentSpec],
        answer: fn(&mut OperationDoc<'_>),
        call: fn(Call) -> CallFuture,
        reason: &'static str,
    ) -> EndpointBuilder<Ready> {
        self.endpoint.by_hand = Some(reason);
        self.handled(arguments, answer, call)
    }

    const fn handled(
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
        let endpoint = self.assembled();
        if let Some(mistake) = super::checks::mistake(&endpoint) {
            panic!("{}", mistake);
        }
        endpoint
    }

    #[expect(clippy::panic, reason = "the stages make sure of the parts; runs at compile time")]
    const fn assembled(self) -> Endpoint {
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
            by_hand: draft.by_hand,
            arguments: draft.arguments,
            answer,
            answer_reason: draft.answer_reason,
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

impl<Stage> fmt::Debug for EndpointBuilder<Stage> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointBuilder({} {})", self.endpoint.verb.as_str(), self.endpoint.path)
    }
}
