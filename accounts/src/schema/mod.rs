//! The tables of accounts. They begin with `portcullis_`, so that an application's own tables stay free to be named as they like.
//!
//! Both databases have the same tables and indices. On SQLite, a table whose key is a text holds its rows in the key's own tree: a row is
//! one page to write instead of two.

use portcullis_store::{Migration, Migrations};

/// The migrations of accounts, for both databases.
pub const MIGRATIONS: Migrations = Migrations {
    module: "accounts",
    steps: &[
        Migration {
            version: 1,
            name: "users, sessions and keys",
            sqlite: include_str!("001_accounts.sqlite.sql"),
            postgres: include_str!("001_accounts.postgres.sql"),
        },
        Migration {
            version: 2,
            name: "append-only audit log",
            sqlite: include_str!("002_audit.sqlite.sql"),
            postgres: include_str!("002_audit.postgres.sql"),
        },
        Migration::both(3, "creators of links, sessions by age", include_str!("003_link_creators.sql")),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_tables() {
        let [accounts, audit, links] = MIGRATIONS.steps else { panic!("another step: compare it, too") };
        assert_eq!(accounts.sqlite.replace(KEYED, ""), accounts.postgres);
        let table = |sql: &'static str| sql.split_once(';').unwrap().0;
        assert_eq!(table(audit.sqlite).replace(KEYED, ""), table(audit.postgres));
        assert_eq!(links.sqlite, links.postgres);
    }

    #[test]
    fn a_table_with_a_text_for_a_key_has_one_tree_on_sqlite() {
        for table in MIGRATIONS.steps.iter().flat_map(|step| step.sqlite.split(";\n")).filter(|sql| sql.contains("CREATE TABLE")) {
            assert_eq!(table.contains("TEXT PRIMARY KEY"), table.ends_with(KEYED), "{table}");
        }
    }

    const KEYED: &str = " WITHOUT ROWID";
}
