//! A JSON body that is accepted is within every bound and holds nothing unknown; one that isn't is told where, and gets nothing back.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::prelude::{Id, PlainText, Slug, Timestamp, WebUrl, input};
use portcullis::web::extract::{Failures, Input, Pointer};
use portcullis_fuzz::is_harmless;
use serde_json::Value;

/// What an application might ask for.
#[input]
struct Order {
    /// What it is about.
    #[check(length(chars, min = 1, max = 20))]
    title: PlainText,
    /// How many.
    #[check(range(min = 1, max = 10))]
    count: u8,
    /// Words to find it by.
    #[check(items(max = 3))]
    #[serde(default)]
    tags: Vec<Slug>,
    /// Where it is described.
    link: Option<WebUrl>,
    /// What it belongs to.
    parent: Option<Id>,
    /// When.
    due: Option<Timestamp>,
}

const FIELDS: [&str; 6] = ["title", "count", "tags", "link", "parent", "due"];

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        assert!(serde_json::from_slice::<Order>(data).is_err(), "what is no JSON is no input");
        return Corpus::Keep;
    };
    let mut diagnosed = Failures::default();
    Order::diagnose(&value, &mut Pointer::default(), &mut diagnosed);
    if let Ok(order) = serde_json::from_slice::<Order>(data) {
        let mut checked = Failures::default();
        order.check(&mut Pointer::default(), &mut checked);
        assert_eq!(checked.is_empty(), diagnosed.is_empty(), "two ways of checking disagree: {value}");
        if checked.is_empty() {
            let members = value.as_object().expect("an input is an object");
            assert!(members.keys().all(|name| FIELDS.contains(&name.as_str())), "{value}");
            assert!((1..=20).contains(&order.title.as_str().chars().count()) && is_harmless(order.title.as_str()));
            assert!((1..=10).contains(&order.count) && order.tags.len() <= 3);
        }
        show(checked);
    }
    show(diagnosed);
    Corpus::Keep
});

/// Whatever was sent, the answer is made of our own words.
fn show(failures: Failures) {
    for error in failures.into_errors() {
        assert!(error.pointer.is_empty() || error.pointer.starts_with('/'));
        assert!(error.pointer.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.?".contains(c)), "{:?}", error.pointer);
        assert!(is_harmless(&error.detail) && error.detail.len() < 200, "{}", error.detail);
    }
}
