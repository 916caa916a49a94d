//! An accepted text is harmless, within its bound, and accepted again as it stands.
#![no_main]

use std::fmt;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use portcullis::accounts::Username;
use portcullis::prelude::{Email, PlainText, RichText, Slug, WebUrl};
use portcullis_fuzz::is_harmless;

fuzz_target!(|text: &str| {
    accept::<PlainText>(text, usize::MAX);
    if let Some(slug) = accept::<Slug>(text, 64) {
        assert_eq!(slug, text);
    }
    if let Some(name) = accept::<Username>(text, 64) {
        assert!(name.is_ascii() && !name.contains('@'), "{name:?}");
    }
    if let Some(email) = accept::<Email>(text, 254) {
        let (local, domain) = email.rsplit_once('@').expect("an at sign");
        assert!(!local.is_empty() && !domain.is_empty() && !email.contains(char::is_whitespace), "{email:?}");
    }
    if let Some(url) = accept::<WebUrl>(text, 2048) {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).expect("a scheme of the web");
        let authority = rest.split(['/', '?', '#']).next().expect("a part");
        assert!(!authority.is_empty() && !authority.contains('@') && url.is_ascii(), "{url:?}");
    }
    if let Ok(html) = text.parse::<RichText>() {
        assert_safe(html.as_str());
        // A browser, or whoever cleans it again, must not read other things into it. It needn't be the same text: a line feed that begins
        // a `pre` is dropped each time.
        if let Ok(again) = html.as_str().parse::<RichText>() {
            assert_safe(again.as_str());
        }
    }
});

/// The accepted text, when it is accepted.
fn accept<T: FromStr<Err: fmt::Debug> + PartialEq + fmt::Debug + fmt::Display>(text: &str, most: usize) -> Option<String> {
    let value = text.parse::<T>().ok()?;
    let accepted = value.to_string();
    assert!(is_harmless(&accepted), "{accepted:?}");
    assert!(accepted.len() <= most, "{} bytes: {accepted:?}", accepted.len());
    assert_eq!(accepted.parse::<T>().expect("an accepted text is accepted again"), value);
    Some(accepted)
}

/// Nothing in the cleaned HTML runs, loads a program or changes the page around it.
fn assert_safe(html: &str) {
    // Line ends may be written as the client's system does.
    assert!(is_harmless(&html.replace('\r', "")), "{html:?}");
    let lower = html.to_ascii_lowercase();
    for element in ["<script", "<style", "<iframe", "<object", "<embed", "<svg", "<math", "<form", "<base", "<meta", "<!--"] {
        assert!(!lower.contains(element), "{html:?}");
    }
    let mut rest = lower.as_str();
    while let Some((_, tag)) = rest.split_once('<') {
        let name = tag.find([' ', '>']).expect("a tag ends");
        rest = &tag[name..];
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"").expect("an attribute has a value");
            let (value, after) = value.split_once('"').expect("a value ends");
            assert!(!name.starts_with("on") && !["style", "srcdoc", "id", "name"].contains(&name), "{html:?}");
            assert!(!value.trim_start().starts_with("javascript:") || !["href", "src", "cite"].contains(&name), "{html:?}");
            rest = after;
        }
        assert!(rest.starts_with('>'), "{html:?}");
    }
}
