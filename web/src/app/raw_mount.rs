use std::fmt;
use std::marker::PhantomData;

use super::class::Class;
use crate::authz::{Erased, Guard, Key, WithoutObject};

/// A raw axum router, mounted by a named call with a reason. `K` is whose roles and permissions its policy names.
pub struct RawMount<K = Erased> {
    pub(crate) prefix: &'static str,
    pub(crate) guard: Guard,
    pub(crate) reason: &'static str,
    pub(crate) router: axum::Router,
    pub(crate) class: Class,
    pub(crate) body_limit: Option<usize>,
    key: PhantomData<fn() -> K>,
}

impl<K: Key> RawMount<K> {
    /// A router below a prefix, who may pass, and why it has to be a raw one.
    #[must_use]
    pub const fn new<O: WithoutObject>(prefix: &'static str, guard: Guard<K, O>, router: axum::Router, reason: &'static str) -> Self {
        Self { prefix, guard: guard.erase(), reason, router, class: Class::Default, body_limit: None, key: PhantomData }
    }

    /// Puts it into a class for rate limits: a router that takes passwords, codes or tokens belongs to [`Class::Credentials`], whose bodies
    /// have at most 8 KiB unless [`body_limit`](Self::body_limit) says otherwise.
    #[must_use]
    pub const fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Sets the most bytes of a body.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    pub(crate) fn erased(self) -> RawMount {
        let Self { prefix, guard, reason, router, class, body_limit, key: _ } = self;
        RawMount { prefix, guard, reason, router, class, body_limit, key: PhantomData }
    }
}

impl<K> fmt::Debug for RawMount<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawMount({}: {})", self.prefix, self.reason)
    }
}
