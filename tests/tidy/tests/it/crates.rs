use std::process::Command;

use serde_json::Value;

use crate::files::{production, root};

#[test]
fn dependencies_between_crates_point_one_way() {
    for (name, dependencies) in crates() {
        let Some(place) = place(&name) else { continue };
        for dependency in &dependencies {
            let below = self::place(dependency).is_some_and(|lower| lower < place);
            assert!(below, "`{name}` depends on `{dependency}`, which is not below it: {}", ORDER.join(" < "));
        }
    }
}

#[test]
fn the_macros_depend_on_no_crate_of_ours() {
    let crates = crates();
    let (_, dependencies) = crates.iter().find(|(name, _)| name == "portcullis-macros").unwrap();
    assert!(dependencies.is_empty(), "{dependencies:?}");
}

#[test]
fn the_macros_emit_paths_of_the_private_module_only() {
    for file in production().iter().filter(|file| file.path.starts_with("macros/src/")) {
        for (at, line) in file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let foreign = line.split("::portcullis::").skip(1).find(|rest| !rest.starts_with("__private"));
            assert!(foreign.is_none(), "{}:{}: emitted paths begin with `::portcullis::__private`: {line}", file.path, at + 1);
        }
    }
}

#[test]
fn the_notes_example_needs_nothing_but_portcullis() {
    let crates = crates();
    let (_, dependencies) = crates.iter().find(|(name, _)| name == "notes").unwrap();
    assert_eq!(dependencies, &["portcullis"]);
    let manifest = std::fs::read_to_string(root().join("examples/notes/Cargo.toml")).unwrap();
    let own = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    assert_eq!(own.trim(), "portcullis.workspace = true", "a stranger's crate depends on nothing else");
}

/// Every crate of the workspace with those of ours that it depends on outside of tests.
fn crates() -> Vec<(String, Vec<String>)> {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    packages
        .iter()
        .map(|package| {
            let ours = package["dependencies"].as_array().unwrap().iter();
            let ours = ours.filter(|one| one["path"].is_string() && one["kind"] != "dev").map(|one| text(&one["name"]));
            (text(&package["name"]), ours.collect())
        })
        .collect()
}

fn place(name: &str) -> Option<usize> {
    ORDER.iter().position(|own| *own == name)
}

/// The crates that ship, each allowed to know those before it.
const ORDER: &[&str] =
    &["portcullis-macros", "portcullis-core", "portcullis-store", "portcullis-web", "portcullis-accounts", "portcullis", "portcullis-cli"];
