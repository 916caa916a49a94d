//! A secret stays unreadable, whatever it is written to.
use portcullis::prelude::*;

fn log(secret: &Secret) -> String {
    format!("{secret:?}")
}

fn main() {}
