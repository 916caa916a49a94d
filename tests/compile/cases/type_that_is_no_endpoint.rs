//! A type is mounted that no attribute made.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

struct Lights;

fn main() {
    let _ = App::<Role>::new("Lights").endpoints(endpoints![Lights]);
}
