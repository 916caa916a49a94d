//! The `portcullis` command, seen from a terminal.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly, as tests do")]

mod audit_flood;
mod blocked_output;
mod certificates;
mod costly_bodies;
mod load;
mod load_refused;
mod log_flood;
mod plain;
mod stalled;
mod support;

use std::process::{Command, Output};

/// Runs the command in an empty folder, with these variables.
fn portcullis(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).envs(variables.iter().copied()).current_dir(folder.path()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_page_of_settings_is_what_the_command_prints() {
    let output = portcullis(&["settings"], &[]);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md")).unwrap();
    assert!(page == text(&output.stdout), "docs/configuration.md is out of date: cargo run -- settings > docs/configuration.md");
}

#[test]
fn the_page_of_commands_is_what_the_command_prints() {
    let output = portcullis(&["commands"], &[]);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/command-line.md")).unwrap();
    assert!(
        page == text(&output.stdout),
        "docs/reference/command-line.md is out of date: cargo run -- commands > docs/reference/command-line.md"
    );
}

#[test]
fn a_check_prints_the_settings_in_force_without_secrets() {
    let secret = "postgres://ann:hunter2hunter2@localhost/x";
    let output = portcullis(&["serve", "--check"], &[("PORTCULLIS_DATABASE_URL", secret), ("PORTCULLIS_LIMITS__BODY_BYTES", "77")]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(printed.contains("limits.body_bytes = 77\n"), "{printed}");
    assert!(printed.contains("database_url = \"***\"\n"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_setting_that_cannot_be_used_stops_the_start_and_is_named() {
    for (variable, value, named) in [
        ("PORTCULLIS_LISTNE", "127.0.0.1:1", "listne"),
        ("PORTCULLIS_LISTEN", "nowhere", "listen"),
        ("PORTCULLIS_TLS__MODE", "behind_proxy", "proxy.trusted"),
        ("PORTCULLIS_TLS__MODE", "magic", "tls.mode"),
        ("PORTCULLIS_PROXY__TRUSTED", "10.0.0.0/99", "proxy.trusted"),
        ("PORTCULLIS_CORS__ORIGINS", "*", "cors.origins"),
        ("PORTCULLIS_RATE_LIMIT__DEFAULT", "lots", "rate_limit.default"),
        ("PORTCULLIS_MASTER_KEY", "changeme", "master_key"),
        ("PORTCULLIS_LIMITS__BODY_BYTES", "-1", "limits.body_bytes"),
        ("PORTCULLIS_ACCOUNTS__NONSENSE", "1", "accounts.nonsense"),
    ] {
        let output = portcullis(&["serve", "--check"], &[(variable, value)]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{variable}={value}: {said}");
        assert!(said.contains(named), "{variable}={value}: {said}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["dance"][..], &["serve", "--fast"], &["user", "add"]] {
        assert_eq!(portcullis(arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(portcullis(&["--help"], &[]).status.code(), Some(0));
}

#[test]
fn nothing_listens_so_the_health_check_fails() {
    let output = portcullis(&["healthcheck"], &[("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:1")]);
    assert_eq!(output.status.code(), Some(1));
}
