use portcullis_core::policy::{self, Decision, Denial};
use portcullis_core::{Principal, Timestamp};
use portcullis_store::Database;

use super::guard::{Guard, Loaded};
use crate::authn;
use crate::respond::Problem;

/// Decides from the request's head; `Ok(true)` when the object in the path has the last word.
pub(crate) fn admit(guard: &Guard, caller: Option<&Principal>, now: Timestamp) -> Result<bool, Denied> {
    match policy::decide(guard.access(), caller, now) {
        Decision::Allow => Ok(guard.object().is_some()),
        Decision::NeedsObject => Ok(true),
        Decision::Deny(denial) => Err(Denied(denial)),
    }
}

/// Loads the object in the path and lets it decide. A missing object and a foreign one are the same to the caller.
pub(crate) async fn load_object(
    guard: &Guard,
    database: &Database,
    key: &str,
    caller: Option<&Principal>,
    now: Timestamp,
) -> Result<Loaded, ObjectDenied> {
    let Some(object) = guard.object() else {
        return Err(ObjectDenied::Failed(Problem::internal("the endpoint's policy names no object")));
    };
    let loaded = (object.load)(database, key, caller).await.map_err(ObjectDenied::Failed)?.ok_or(ObjectDenied::Missing)?;
    match policy::decide_object(guard.access(), caller, now, loaded.allows) {
        Decision::Allow => Ok(loaded),
        Decision::Deny(Denial::Object) | Decision::NeedsObject => Err(ObjectDenied::Foreign),
        Decision::Deny(denial) => Err(ObjectDenied::Denied(Denied(denial))),
    }
}

/// A denial from the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denied(pub(crate) Denial);

/// A denial once the object was asked for.
#[derive(Debug)]
pub(crate) enum ObjectDenied {
    /// There is no such object.
    Missing,
    /// There is one, but not for this caller.
    Foreign,
    /// Another condition of the policy fails.
    Denied(Denied),
    /// It could not be loaded.
    Failed(Problem),
}

impl From<Denied> for Problem {
    /// The written table of `portcullis_core::policy`.
    fn from(Denied(denial): Denied) -> Self {
        match denial {
            Denial::Anonymous => authn::unauthenticated(),
            Denial::Forbidden => Self::forbidden().denied_by(AUTHZ_FAIL, "policy"),
            Denial::Scope(scope) => authn::insufficient_scope(Some(scope)).denied_by(AUTHZ_FAIL, "scope"),
            Denial::Restricted => authn::insufficient_scope(None).denied_by(AUTHZ_FAIL, "scope"),
            Denial::Stale(seconds) => authn::stale(seconds).denied_by(AUTHZ_FAIL, "freshness"),
            Denial::Object => Self::not_found(),
        }
    }
}

impl From<ObjectDenied> for Problem {
    fn from(denied: ObjectDenied) -> Self {
        match denied {
            ObjectDenied::Missing => Self::not_found(),
            ObjectDenied::Foreign => Self::not_found().denied_by(AUTHZ_FAIL, "object"),
            ObjectDenied::Denied(denied) => denied.into(),
            ObjectDenied::Failed(problem) => problem,
        }
    }
}

const AUTHZ_FAIL: &str = "authz_fail";
