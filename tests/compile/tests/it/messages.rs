use crate::files::{names, read};

#[test]
fn every_case_has_its_message_and_its_passing_twin() {
    let cases = names("cases", ".rs");
    assert_eq!(cases, names("cases", ".stderr"), "TRYBUILD=overwrite writes the messages");
    assert_eq!(cases, names("passes", ".rs"), "every case stands beside the same program with its mistake mended");
    let list = read("passes", "mod", ".rs");
    for name in &cases {
        assert!(list.contains(&format!("\nmod {name};\n")), "passes/mod.rs doesn't name {name}");
        assert_ne!(read("cases", name, ".rs"), read("passes", name, ".rs"), "{name}");
    }
}

#[test]
fn a_mistake_is_at_most_two_errors_at_the_users_own_token() {
    for name in names("cases", ".stderr") {
        let message = read("cases", &name, ".stderr");
        let errors: Vec<_> = message.split("\n\n").filter(|block| block.starts_with("error")).collect();
        assert!(matches!(errors.len(), 1 | 2), "{name}: {} errors", errors.len());
        for error in errors {
            let place = error.lines().find_map(|line| line.trim_start().strip_prefix("--> ")).unwrap();
            let place = place.strip_prefix(&format!("cases/{name}.rs:")).unwrap_or_else(|| panic!("{name}: an error at {place}"));
            let (line, column) = place.split_once(':').unwrap();
            let source = read("cases", &name, ".rs");
            let line = source.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
            let whole = column == "1" && line.starts_with("#[") && !WHOLE_ATTRIBUTE.contains(&name.as_str());
            assert!(!whole, "{name}: an error at a whole attribute, instead of the token in it that is wrong");
        }
    }
}

#[test]
fn no_message_begins_inside_the_framework() {
    for name in names("cases", ".stderr") {
        for line in read("cases", &name, ".stderr").lines().filter(|line| line.starts_with("error")) {
            assert!(!line.contains("__private"), "{name}: {line}");
        }
    }
}

/// Here the attribute itself is what is wrong: it stands on something that is no function.
const WHOLE_ATTRIBUTE: &[&str] = &["handler_is_no_function"];
