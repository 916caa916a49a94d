//! Any type can be mounted that stands for an endpoint.
use portcullis::prelude::*;
use portcullis::web::app::{CallFuture, Endpoint, Mountable, Registered, Verb};
use portcullis::web::extract::Call;
use portcullis::web::respond::Answer;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

struct Lights;

fn off(_: Call) -> CallFuture {
    Box::pin(async { NoContent.into_answer() })
}

static OFF: Endpoint = Endpoint::builder(Verb::Post, "/lights/off", "lights_off")
    .access(Role::User.guard())
    .dangerous_handler(&[], NoContent::describe, off, "a test")
    .build();

impl Registered for Lights {
    const ENDPOINT: &'static Endpoint = &OFF;
}

impl<S> Mountable<Role, S, ()> for Lights {}

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![Lights]);
}
