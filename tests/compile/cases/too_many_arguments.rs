//! A handler has more parameters than are counted.
use portcullis::prelude::*;

/// Ask for much.
#[get("/much", access = Authenticated)]
#[expect(clippy::too_many_arguments, reason = "so many are meant")]
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
    _: Principal,
) -> NoContent {
    NoContent
}

fn main() {}
