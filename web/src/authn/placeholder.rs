use crate::respond::Problem;
pub(crate) fn unauthenticated() -> Problem { Problem::not_found() }
pub(crate) fn insufficient_scope(_: &str) -> Problem { Problem::not_found() }
pub(crate) fn stale(_: u32) -> Problem { Problem::not_found() }
#[derive(Debug)] #[allow(missing_docs)] pub struct RemoteIssuer;
