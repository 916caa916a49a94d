//! An answer says whether there is a password.
use portcullis::prelude::*;

#[output]
struct UserView {
    name: String,
    has_password: bool,
}

fn main() {}
