//! A bound is not a number.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(range(max = f64::NAN))]
    share: f64,
}

fn main() {}
