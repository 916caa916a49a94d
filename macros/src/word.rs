//! Names and reasons that the author of an application gives.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Attribute, Ident, LitStr};

/// Refuses a reason that says nothing.
pub(crate) fn says_why(reason: &LitStr) -> syn::Result<()> {
    let says = reason.value().chars().any(|letter| letter.is_alphanumeric() && !is_filler(letter));
    if says { Ok(()) } else { Err(syn::Error::new(reason.span(), "say why, in words")) }
}

/// Whether a letter shows nothing, though it counts as one.
const fn is_filler(letter: char) -> bool {
    matches!(letter, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}')
}

/// The names of an enum's variants so far.
#[derive(Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The name in the attribute, or the variant's own in snake case, once no variant before it has it.
    pub(crate) fn take(&mut self, attributes: &[Attribute], attribute: &str, variant: &Ident) -> syn::Result<String> {
        let mut given = attributes.iter().filter(|own| own.path().is_ident(attribute));
        let (text, span) = match (given.next(), given.next()) {
            (None, _) => (snake_case(&variant.unraw().to_string()), variant.span()),
            (Some(own), None) => {
                let literal: LitStr = own.parse_args()?;
                (literal.value(), literal.span())
            }
            (Some(_), Some(second)) => return Err(syn::Error::new_spanned(second, "one name is enough")),
        };
        check(&text, span)?;
        if let Some(other) = self.0.iter().find(|other| other.eq_ignore_ascii_case(&text)) {
            return Err(syn::Error::new(span, format_args!("`{other}` is the name of another variant: give this one a name of its own")));
        }
        self.0.push(text.clone());
        Ok(text)
    }
}

/// Names stand in tokens, in the database, in the access matrix and in logs: they are short and plain.
fn check(text: &str, span: Span) -> syn::Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    if begins && text.len() <= LONGEST && text.bytes().all(is_plain) {
        return Ok(());
    }
    let message = format!("a name is 1 to {LONGEST} ASCII letters, digits, `_`, `-`, `.` or `:`, a letter first");
    Err(syn::Error::new(span, message))
}

fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for (at, character) in name.chars().enumerate() {
        if character.is_uppercase() && at > 0 {
            word.push('_');
        }
        word.extend(character.to_lowercase());
    }
    word
}

const LONGEST: usize = 64;
