use crate::files::{every_file, production, root};

#[test]
fn nothing_names_a_machine_s_own_paths() {
    // Put together here, or this file would be the first find.
    let words =
        [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["/ho", "me/"].concat(), ["/Us", "ers/"].concat(), ["/tmp", "/w/"].concat()];
    for file in every_file() {
        for word in &words {
            let line = file.text.lines().position(|line| line.contains(word.as_str()));
            assert!(line.is_none(), "{}:{}: a machine's path {word}…", file.path, line.unwrap_or(0) + 1);
        }
    }
}

#[test]
fn packages_come_from_the_public_registries() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for source in lock.lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(source, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
    }
    let switches = [["replace", "-with"].concat(), ["index", "-url"].concat(), ["find", "-links"].concat()];
    for file in every_file() {
        for switch in &switches {
            assert!(!file.text.contains(switch.as_str()), "{}: `{switch}` leads to another registry", file.path);
        }
        if file.path.ends_with("package-lock.json") {
            for line in file.text.lines().filter(|line| line.contains("\"resolved\":")) {
                assert!(line.contains("\"https://registry.npmjs.org/"), "{}: {line}", file.path);
            }
        }
    }
}

#[test]
fn every_dangerous_name_stands_on_the_page_of_defaults() {
    let page = std::fs::read_to_string(root().join("docs/defaults.md")).unwrap();
    let settings = every_file().into_iter().find(|file| file.path == "docs/configuration.md").unwrap();
    let mut found = 0;
    for file in production().iter().chain([&settings]) {
        for name in file.production().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("dangerous_"))
        {
            found += 1;
            assert!(page.contains(name), "{}: `{name}` is missing in docs/defaults.md", file.path);
        }
    }
    assert!(found > 0);
}

#[test]
fn nothing_goes_round_the_rule_that_sql_is_static() {
    for file in production() {
        assert!(!file.text.contains("AssertSqlSafe"), "{}: SQL is `&'static str`", file.path);
    }
}
