//! An argument that is made for each request.
use portcullis::prelude::*;
use portcullis::web::extract::{Call, PerRequest};

#[derive(Provider)]
#[provider(per_request)]
struct Everything;

impl PerRequest for Everything {
    async fn provide(_: &mut Call) -> Result<Self> {
        Ok(Self)
    }
}

fn main() {}
