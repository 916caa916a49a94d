//! A handler asks for something that a request has.
use portcullis::prelude::*;

#[input]
struct Count {
    count: u32,
}

/// Turn lights on.
#[post("/lights", access = Authenticated)]
async fn lights_on(Query(count): Query<Count>) -> Text {
    Text(count.count.to_string().into())
}

fn main() {}
