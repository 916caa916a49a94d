//! A handler has as many parameters as are counted.
use portcullis::prelude::*;

/// Ask for much.
#[get("/much", access = Authenticated)]
#[allow(clippy::too_many_arguments)]
async fn much(
    _: Principal,
    _: Clock,
    _: Database,
    _: Option<Principal>,
    _: Principal,
    _: Clock,
    _: Database,
    _: Option<Principal>,
    _: Principal,
    _: Clock,
    _: Database,
    _: Option<Principal>,
) -> NoContent {
    NoContent
}

fn main() {}
