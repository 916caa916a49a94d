//! The checks that `#[check(…)]` names, as plain functions. Each adds a failure with a stable code and never shows the value.

use std::sync::OnceLock;

use regex::Regex;

use super::check::{Failures, Pointer};
use super::measure::{CharLength, ItemCount};
use super::types::{Email, WebUrl};

/// The text has between `min` and `max` Unicode code points; `false` when it has more, and nothing else is to look at it.
pub fn length(value: &impl CharLength, min: usize, max: usize, at: &Pointer, failures: &mut Failures) -> bool {
    let Some(length) = value.char_length() else { return true };
    if length < min {
        failures.add(at, "too_short", format!("At least {min} characters are needed."));
    } else if length > max {
        say_too_long(max, at, failures);
    }
    length <= max
}

pub(super) fn say_too_long(max: usize, at: &Pointer, failures: &mut Failures) {
    failures.add(at, "too_long", format!("At most {max} characters are allowed."));
}

pub(super) fn say_too_many(max: usize, at: &Pointer, failures: &mut Failures) {
    failures.add(at, "too_many", format!("At most {max} items are allowed."));
}

/// The list has between `min` and `max` items; `false` when it has more, and nothing is to look at them.
pub fn items(value: &impl ItemCount, min: usize, max: usize, at: &Pointer, failures: &mut Failures) -> bool {
    let Some(count) = value.count() else { return true };
    if count < min {
        failures.add(at, "too_few", format!("At least {min} items are needed."));
    } else if count > max {
        say_too_many(max, at, failures);
        return false;
    }
    if value.names().any(|name| name.chars().count() > LONGEST_NAME) {
        failures.add(at, "name_too_long", format!("The names in it have at most {LONGEST_NAME} characters."));
    }
    true
}

/// The number lies between `min` and `max`, both included.
pub fn range<T: PartialOrd + std::fmt::Display>(value: &T, min: Option<T>, max: Option<T>, at: &Pointer, failures: &mut Failures) {
    if let Some(min) = min
        && !matches!(value.partial_cmp(&min), Some(std::cmp::Ordering::Greater | std::cmp::Ordering::Equal))
    {
        failures.add(at, "too_small", format!("The least allowed value is {min}."));
    } else if let Some(max) = max
        && !matches!(value.partial_cmp(&max), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal))
    {
        failures.add(at, "too_large", format!("The greatest allowed value is {max}."));
    }
}

/// The text matches a regular expression, which is compiled once.
pub fn pattern(value: &impl CharLength, cell: &'static OnceLock<Option<Regex>>, pattern: &str, at: &Pointer, failures: &mut Failures) {
    let Some(text) = value.text() else { return };
    // `#[input]` compiled the pattern with the same grammar and limit; one that failed here nevertheless would refuse every text.
    let matches = cell.get_or_init(|| Regex::new(pattern).ok()).as_ref().is_some_and(|regex| regex.is_match(text));
    if !matches {
        failures.add(at, "pattern", "The text doesn't have the expected form.");
    }
}

/// The text is an e-mail address; `false` when it is too long to be one, and nothing else is to look at it.
///
/// It has the form that [`Email`] gives it but for upper case: what was checked is what the handler gets.
pub fn email(value: &impl CharLength, at: &Pointer, failures: &mut Failures) -> bool {
    let is_address = |text: &str| text.parse::<Email>().is_ok_and(|email| email.as_str().to_lowercase() == text.to_lowercase());
    if value.text().is_some_and(|text| !is_address(text)) {
        failures.add(at, "email", "This is not an e-mail address.");
    }
    value.text().is_none_or(|text| text.len() <= Email::MOST_BYTES)
}

/// The text is a web address; `false` when it is too long to be one, and nothing else is to look at it.
///
/// It is an `https` or `http` URL without credentials, written so that every reader finds the same host in it.
pub fn url(value: &impl CharLength, at: &Pointer, failures: &mut Failures) -> bool {
    let is_short = value.text().is_none_or(|text| text.len() <= WebUrl::MOST_BYTES);
    let has_one_host = |text: &str| {
        let rest = text.split_once("://").map_or("/", |(_, rest)| rest);
        !rest.starts_with('/') && !text.contains('\\')
    };
    if !is_short || value.text().is_some_and(|text| !has_one_host(text) || text.parse::<WebUrl>().is_err()) {
        failures.add(at, "url", "This is not a web address.");
    }
    is_short
}

/// A function of the application finds the value right.
pub fn custom<T>(value: &T, check: impl FnOnce(&T) -> Result<(), &'static str>, at: &Pointer, failures: &mut Failures) {
    if let Err(detail) = check(value) {
        failures.add(at, "refused", detail);
    }
}

/// Of an entry of a map.
pub const LONGEST_NAME: usize = 128;
