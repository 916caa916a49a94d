//! Roles are plain words, least to most trusted.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

fn main() {}
