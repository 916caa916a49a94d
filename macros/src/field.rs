//! The words of serde that a field of an input may have, and what they mean for its name and its absence.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, ExprPath, Field, LitStr, Token};

use crate::serde_words::none_by_configuration;

/// What `#[serde(…)]` says about a field.
pub(crate) struct FieldWords {
    /// The name in JSON, a query, a form or a path.
    pub(crate) name: String,
    /// What makes the value when the field isn't there.
    pub(crate) default: Option<TokenStream>,
    /// Where the type's own default is asked for.
    pub(crate) plain_default: Option<Span>,
    /// What reads it in place of its type.
    pub(crate) read_with: Option<ExprPath>,
}

impl FieldWords {
    pub(crate) fn read(field: &Field, renaming: Renaming) -> syn::Result<Self> {
        let name = field.ident.as_ref().map(|ident| renaming.apply(&ident.unraw().to_string())).unwrap_or_default();
        none_by_configuration(&field.attrs)?;
        let mut words = Self { name, default: None, plain_default: None, read_with: None };
        each_word(&field.attrs, |word| {
            if word.path.is_ident("rename") {
                words.name = word.value()?.parse::<LitStr>()?.value();
            } else if word.path.is_ident("default") {
                words.default = Some(if word.input.peek(Token![=]) {
                    let function: ExprPath = word.value()?.parse::<LitStr>()?.parse()?;
                    quote!(#function)
                } else {
                    words.plain_default = Some(word.path.span());
                    quote!(::core::default::Default::default)
                });
            } else if word.path.is_ident("deserialize_with") {
                words.read_with = Some(word.value()?.parse::<LitStr>()?.parse()?);
            } else {
                return Err(word.error("a field of an input knows `default`, `rename` and `deserialize_with` of serde's words"));
            }
            Ok(())
        })?;
        Ok(words)
    }
}

/// What `#[serde(rename_all = "…")]` on a type makes of its fields' names.
#[derive(Clone, Copy, Default)]
pub(crate) enum Renaming {
    #[default]
    None,
    Camel,
    Pascal,
    Kebab,
    ScreamingSnake,
}

impl Renaming {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        none_by_configuration(attributes)?;
        let mut renaming = Self::None;
        each_word(attributes, |word| {
            if !word.path.is_ident("rename_all") {
                return Err(word.error("an input knows `rename_all` of serde's words"));
            }
            let style: LitStr = word.value()?.parse()?;
            renaming = match style.value().as_str() {
                "snake_case" => Self::None,
                "camelCase" => Self::Camel,
                "PascalCase" => Self::Pascal,
                "kebab-case" => Self::Kebab,
                "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
                _ => {
                    let styles = "`snake_case`, `camelCase`, `PascalCase`, `kebab-case` or `SCREAMING_SNAKE_CASE`";
                    return Err(syn::Error::new(style.span(), format_args!("names are in {styles}")));
                }
            };
            Ok(())
        })?;
        Ok(renaming)
    }

    fn apply(self, name: &str) -> String {
        match self {
            Self::None => name.to_owned(),
            Self::Camel => {
                let pascal = capitalized(name);
                let mut letters = pascal.chars();
                letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
            }
            Self::Pascal => capitalized(name),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingSnake => name.to_ascii_uppercase(),
        }
    }
}

/// Every word of a name with a capital letter, without what stood between them.
fn capitalized(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('_').map(word).collect()
}

fn each_word(attributes: &[Attribute], mut word: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>) -> syn::Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(&mut word)?;
    }
    Ok(())
}
