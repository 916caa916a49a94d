//! An answer holds a password hash.
use portcullis::core::password::PasswordHash;
use portcullis::prelude::*;

#[output]
struct UserView {
    name: String,
    password: PasswordHash,
}

fn main() {}
