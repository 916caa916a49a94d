//! Every type that is read from a text bounds its bytes, and nothing looks at a text beyond the bound.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use super::{Email, PlainText, RichText, Slug, WebUrl};

thread_local! {
    static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes that a type normalizes, cleans or parses.
pub(super) fn looked_at(text: &str) {
    LOOKED_AT.set(LOOKED_AT.get() + text.len());
}

/// A type that a text is read into: its name, its bound, and whether it takes a text.
type TextType = (&'static str, usize, fn(&str) -> bool);

fn text_types() -> [TextType; 5] {
    [
        ("Email", Email::MOST_BYTES, |text| text.parse::<Email>().is_ok()),
        ("PlainText", PlainText::MOST_BYTES, |text| text.parse::<PlainText>().is_ok()),
        ("RichText", RichText::MOST_BYTES, |text| text.parse::<RichText>().is_ok()),
        ("Slug", Slug::MOST_BYTES, |text| text.parse::<Slug>().is_ok()),
        ("WebUrl", WebUrl::MOST_BYTES, |text| text.parse::<WebUrl>().is_ok()),
    ]
}

#[test]
fn a_text_beyond_the_bound_of_its_type_is_looked_at_by_nothing() {
    for (name, most, parses) in text_types() {
        for text in ["a".repeat(most + 1), "\u{fdfa}".repeat(most / 3 + 1), "\u{fdfa}".repeat(most)] {
            LOOKED_AT.set(0);
            assert!(!parses(&text), "{name}");
            assert_eq!(LOOKED_AT.get(), 0, "{name}: {} bytes", text.len());
        }
        LOOKED_AT.set(0);
        parses(&"a".repeat(most));
        assert_eq!(LOOKED_AT.get(), most, "{name}: what is within the bound is counted");
    }
}

/// Whoever adds a type that comes from outside adds it here, with what bounds it.
#[test]
fn every_type_of_a_field_is_bounded() {
    let of_fixed_size = ["$type"];
    let of_what_they_hold = ["Option<T>", "Box<T>"];
    let by_declared_length = ["String", "Secret"];
    let by_accounts = ["Username"];
    let texts = text_types();
    let known: BTreeSet<&str> = [&of_fixed_size[..], &of_what_they_hold, &by_declared_length, &by_accounts].concat().into_iter().collect();
    let known: BTreeSet<&str> = known.into_iter().chain(texts.iter().map(|(name, ..)| *name)).collect();
    let mut found = BTreeSet::new();
    for folder in ["core/src", "web/src", "accounts/src"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut found);
    }
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

/// The types below a folder that say themselves how they are checked or measured.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("impl"));
            let named = lines.filter_map(|line| line.split_once("CheckField for ").or_else(|| line.split_once("CharLength for ")));
            found.extend(named.filter_map(|(_, name)| name.split_once(" {")).map(|(name, _)| name.to_owned()));
        }
    }
}
