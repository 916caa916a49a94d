//! A secret is written out.
use portcullis::prelude::*;

fn log(secret: &Secret) -> String {
    format!("{secret}")
}

fn main() {}
