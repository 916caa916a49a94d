//! The `portcullis` command: the ready-to-run service and its tools.

mod commands;

use portcullis::prelude::*;

/// The roles of the ready-made service, least to most trusted.
#[derive(Role)]
enum Role {
    Guest,
    User,
    Admin,
}

fn main() -> ExitCode {
    App::<Role>::new("Portcullis").accounts(Accounts::default()).main_with::<commands::Tool>()
}
