//! The tables of accounts. They begin with `portcullis_`, so that an application's own tables stay free to be named as they like.

use portcullis_store::{Migration, Migrations};

/// The migrations of accounts, for both databases.
pub const MIGRATIONS: Migrations = Migrations {
    module: "accounts",
    steps: &[
        Migration::both(1, "users, sessions and keys", include_str!("001_accounts.sql")),
        Migration {
            version: 2,
            name: "append-only audit log",
            sqlite: include_str!("002_audit.sqlite.sql"),
            postgres: include_str!("002_audit.postgres.sql"),
        },
    ],
};
