use portcullis_core::policy::{Access, Rule};

use super::guard::Guard;
use super::key::Anyone;

/// Everyone passes; the reason says why that is right, and stands in the access matrix.
#[derive(Clone, Copy, Debug)]
pub struct Public(pub &'static str);

impl Public {
    /// The guard of an `access = Public("…")`. A reason that says nothing is refused where the guard is used.
    #[must_use]
    pub const fn guard(self) -> Guard<Anyone> {
        Guard::of(Access::of(Rule::Public(self.0)), None)
    }
}

/// Every signed-in caller passes.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated;

impl Authenticated {
    /// The guard of an `access = Authenticated`.
    #[must_use]
    pub const fn guard(self) -> Guard<Anyone> {
        Guard::of(Access::of(Rule::Authenticated), None)
    }
}

/// Callers whose credential carries this OAuth scope, or is restricted to none, pass.
#[derive(Clone, Copy, Debug)]
pub struct Scope(pub &'static str);

impl Scope {
    /// The guard of an `access = Scope("…")`. A text that is no scope is refused where the guard is used.
    #[must_use]
    pub const fn guard(self) -> Guard<Anyone> {
        Guard::of(Access::of(Rule::Scope(self.0)), None)
    }
}

/// Every signed-in caller passes, whatever scopes restrict the token; for endpoints that only give up authority, such as logging out.
///
/// The text says what is given up, and stands in the access matrix.
#[derive(Clone, Copy, Debug)]
pub struct GivesUpAuthority(pub &'static str);

impl GivesUpAuthority {
    /// The guard of an `access = GivesUpAuthority("…")`. A text that says nothing is refused where the guard is used.
    #[must_use]
    pub const fn guard(self) -> Guard<Anyone> {
        Guard::of(Access::of(Rule::GivesUpAuthority(self.0)), None)
    }
}

/// Callers who proved who they are a short while ago pass.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    seconds: u32,
}

impl Fresh {
    /// Within this many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// The guard of an `access = Fresh::minutes(…)`.
    #[must_use]
    pub const fn guard(self) -> Guard<Anyone> {
        Guard::of(Access::of(Rule::Fresh(self.seconds)), None)
    }
}
