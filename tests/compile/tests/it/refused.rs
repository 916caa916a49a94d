use std::fs;
use std::io::{self, Write as _};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::Command;

use trybuild::TestCases;

use crate::files::{names, place};

#[test]
fn every_case_is_refused() {
    let (ours, theirs) = (fs::read_to_string(place("rustc.txt")).unwrap(), compiler());
    if theirs.starts_with(&format!("{}.", ours.trim())) {
        TestCases::new().compile_fail("cases/*.rs");
    } else {
        // Straight to the terminal: a test that passes shows nothing that it prints.
        let note =
            format!("This is {theirs}; the messages were recorded with {}: only that every case is refused is checked.", ours.trim());
        writeln!(io::stderr(), "{note}").unwrap();
        refused_in_any_words();
    }
}

/// Lets the compiler see the cases without their expected messages: `trybuild` then writes down what it says, and tells so in its panic,
/// in other words than when a case compiles.
fn refused_in_any_words() {
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
    drop(fs::remove_dir_all(&copies));
    fs::create_dir_all(&copies).unwrap();
    let cases = names("cases", ".rs");
    for name in &cases {
        fs::copy(place("cases").join(format!("{name}.rs")), copies.join(format!("{name}.rs"))).unwrap();
    }
    let outcome = catch_unwind(|| TestCases::new().compile_fail(copies.join("*.rs")));
    drop(fs::remove_dir_all(place("wip")));
    let words = *outcome.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(words, format!("successfully created new stderr files for {} test cases", cases.len()));
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    String::from_utf8(Command::new(rustc).arg("--version").output().unwrap().stdout).unwrap().trim().to_owned()
}
