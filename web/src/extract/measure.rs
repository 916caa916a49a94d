use std::collections::{BTreeMap, HashMap};

use portcullis_core::Secret;

use super::check::Step;
use crate::seal::MeasureSeal;

/// Something whose length is counted in characters; `None` when there is no value to count.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a text",
    label = "this check needs a text",
    note = "`length`, `pattern`, `email` and `url` check texts, `items` counts the items of a list, `range` bounds a number"
)]
pub trait CharLength: MeasureSeal {
    /// The number of Unicode code points.
    fn char_length(&self) -> Option<usize>;
    /// The text itself, for patterns.
    fn text(&self) -> Option<&str>;
    /// The most bytes that can become a text of so many characters. A text with more is refused before the type looks at it.
    ///
    /// Normalization makes one character out of four at most, and UTF-8 takes four bytes for a character at most. With an average of three
    /// bytes for each, this is generous for every text that people write.
    #[must_use]
    fn most_bytes(chars: usize) -> usize {
        chars.saturating_mul(12)
    }
}

impl CharLength for String {
    fn most_bytes(chars: usize) -> usize {
        chars.saturating_mul(4)
    }
    fn char_length(&self) -> Option<usize> {
        Some(self.chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl CharLength for Secret {
    fn most_bytes(chars: usize) -> usize {
        chars.saturating_mul(4)
    }
    fn char_length(&self) -> Option<usize> {
        Some(self.expose().chars().count())
    }
    fn text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

impl<T: CharLength> CharLength for Option<T> {
    fn most_bytes(chars: usize) -> usize {
        T::most_bytes(chars)
    }
    fn char_length(&self) -> Option<usize> {
        self.as_ref().and_then(CharLength::char_length)
    }
    fn text(&self) -> Option<&str> {
        self.as_ref().and_then(CharLength::text)
    }
}

/// Something that has items.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list",
    label = "this check needs a list",
    note = "`items` counts the items of a list, `length` counts the characters of a text, `range` bounds a number"
)]
pub trait ItemCount: MeasureSeal {
    /// One item.
    type Item;
    /// The items with their places; none when there is no value.
    fn items(&self) -> impl Iterator<Item = (Step, &Self::Item)>;
    /// How many there are; `None` when there is no value to count.
    fn count(&self) -> Option<usize> {
        Some(self.items().count())
    }
    /// The names of the items, where they have names that came from outside.
    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}

impl<T> ItemCount for Vec<T> {
    type Item = T;
    fn items(&self) -> impl Iterator<Item = (Step, &T)> {
        self.iter().enumerate().map(|(index, item)| (Step::Item(index), item))
    }
}

impl<T: ItemCount> ItemCount for Option<T> {
    type Item = T::Item;
    fn items(&self) -> impl Iterator<Item = (Step, &T::Item)> {
        self.iter().flat_map(ItemCount::items)
    }
    fn count(&self) -> Option<usize> {
        self.as_ref().and_then(ItemCount::count)
    }
    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().flat_map(ItemCount::names)
    }
}

impl<T, H> ItemCount for HashMap<String, T, H> {
    type Item = T;
    fn items(&self) -> impl Iterator<Item = (Step, &T)> {
        self.iter().map(|(name, item)| (Step::named(name), item))
    }
    fn names(&self) -> impl Iterator<Item = &str> {
        self.keys().map(String::as_str)
    }
}

impl<T> ItemCount for BTreeMap<String, T> {
    type Item = T;
    fn items(&self) -> impl Iterator<Item = (Step, &T)> {
        self.iter().map(|(name, item)| (Step::named(name), item))
    }
    fn names(&self) -> impl Iterator<Item = &str> {
        self.keys().map(String::as_str)
    }
}
