use std::collections::HashSet;
use std::fs;

use crate::files::{File, every_file, root};

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut followed = 0;
    for page in every_file().iter().filter(|file| file.path.ends_with(".md")) {
        for target in links(&prose(&page.text)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            follow(page, &target);
        }
    }
    assert!(followed > 5, "only {followed} links were found");
}

#[test]
fn every_file_that_the_architecture_names_is_there() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut named = 0;
    for name in page.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs") && name.contains('/')) {
        named += 1;
        let there = ["", "web/src/", "accounts/src/"].iter().any(|folder| root().join(folder).join(name).is_file());
        assert!(there, "ARCHITECTURE.md names {name}, which is not there");
    }
    assert!(named > 3, "only {named} files are named");
}

fn follow(page: &File, target: &str) {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = root().join(&page.path).parent().unwrap().to_owned();
    let file = if path.is_empty() { root().join(&page.path) } else { folder.join(path) };
    assert!(file.exists(), "{}: the link to {target} leads nowhere", page.path);
    if !anchor.is_empty() {
        let anchors = anchors(&prose(&fs::read_to_string(&file).unwrap()));
        assert!(anchors.contains(anchor), "{}: {target} names no heading of {}", page.path, file.display());
    }
}

/// The page without its blocks of code.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// The targets of `[text](target)` and `[text]: target`.
fn links(prose: &str) -> Vec<String> {
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let reference = prose.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split("]: ").nth(1));
    inline.chain(reference).map(|target| target.split(' ').next().unwrap().to_owned()).collect()
}

/// The anchors of the headings, as GitHub makes them.
fn anchors(prose: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    for heading in prose.lines().filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut number = 0;
        let mut numbered = anchor.clone();
        while !anchors.insert(numbered) {
            number += 1;
            numbered = format!("{anchor}-{number}");
        }
    }
    anchors
}
