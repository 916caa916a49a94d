//! The one gate of accounts, as far as reading tells; the rest is types: the gate takes `Proven` and `LiveSession`, nothing else.

use crate::files::production;

#[test]
fn only_complete_factors_make_a_proof() {
    assert_only("Proven {", "accounts/src/service/factors.rs");
}

#[test]
fn only_the_gate_writes_sessions() {
    assert_only("INSERT INTO portcullis_sessions", "accounts/src/service/gate.rs");
}

#[test]
fn only_the_gate_signs_access_tokens() {
    assert_only(".sign_access_token(", "accounts/src/service/gate.rs");
    assert_only("AccessToken {", "accounts/src/service/gate.rs");
}

/// The text stands in this file and in no other, but for the definition of a type.
fn assert_only(text: &str, place: &str) {
    let holds = |line: &&str| line.contains(text) && !line.contains("struct ") && !line.trim_start().starts_with("//");
    let mut here = 0;
    for file in production().iter().filter(|file| !file.path.starts_with("macros/")) {
        let lines = file.production().lines().filter(holds).count();
        if file.path == place {
            here += lines;
        } else {
            assert_eq!(lines, 0, "{} holds `{text}`, which only {place} may", file.path);
        }
    }
    assert!(here > 0, "{place} no longer holds `{text}`: write the new rule down here");
}
