//! The bound is a number.
use portcullis::prelude::*;

/// A form.
#[input]
struct Form {
    #[check(range(max = f64::MAX))]
    share: f64,
}

fn main() {}
