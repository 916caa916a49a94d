use std::process::{Command, Output};

fn call(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// The message of a call that is refused for its usage.
fn refused(program: &str, arguments: &[&str]) -> String {
    let output = call(program, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    for (option, names) in [
        ("--case", &["public", "whoami", "me", "note", "create", "list", "start", "refused", "log-ins", "idle", "long-addresses"][..]),
        ("--peer", &["bare", "headers", "by-hand", "fastapi", "notes"]),
        ("--transport", &["http1", "http1-tls", "http2-tls"]),
    ] {
        let message = refused(BENCH, &["compare", option, "nothing"]);
        assert!(message.contains("nothing") && message.contains(option), "{message}");
        assert!(message.contains(&format!("[possible values: {}]", names.join(", "))), "{message}");
        let message = refused(BENCH, &["compare", option]);
        assert!(message.contains(names[0]), "{message}");
    }
}

#[test]
fn one_wrong_name_among_right_ones_is_refused() {
    let message = refused(BENCH, &["compare", "--peer", "notes", "--peer", "Notes"]);
    assert!(message.contains("'Notes'"), "{message}");
}

#[test]
fn other_wrong_usage_is_told() {
    for (arguments, told) in [
        (&[][..], "Usage: portcullis-bench"),
        (&["measure"], "'measure'"),
        (&["compare", "--rounds", "many"], "'many' for '--rounds"),
        (&["scale", "--case", "whoami"], "'--case'"),
        (&["scale", "--slow"], "'--slow'"),
        (&["scale", "10"], "'10'"),
    ] {
        let message = refused(BENCH, arguments);
        assert!(message.contains(told), "{arguments:?}: {message}");
    }
}

#[test]
fn the_application_of_many_endpoints_wants_their_number() {
    for arguments in [&[][..], &["0"], &["10001"], &["-1"], &["x"], &["10", "10"]] {
        assert!(refused(MANY, arguments).contains("usage: many NUMBER"), "{arguments:?}");
    }
}

const BENCH: &str = env!("CARGO_BIN_EXE_portcullis-bench");
const MANY: &str = env!("CARGO_BIN_EXE_many");
