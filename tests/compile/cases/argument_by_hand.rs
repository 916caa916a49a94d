//! An argument says by hand that it is what scopes a list.
use portcullis::prelude::*;
use portcullis::web::extract::{Argument, Call, Kind, Nothing};

struct Everything;

impl Argument for Everything {
    const KIND: Kind = Kind::Scope;
    type Needs = Nothing;

    async fn extract(_: &mut Call) -> Result<Self> {
        Ok(Self)
    }
}

fn main() {}
