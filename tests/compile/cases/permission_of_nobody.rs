//! Permissions don't say whose they are.
use portcullis::prelude::*;

#[derive(Permission)]
enum Permission {
    Switch,
}

fn main() {}
