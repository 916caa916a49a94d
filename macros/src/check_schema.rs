//! The rules of `#[check(…)]` in the words of JSON Schema.

use proc_macro2::TokenStream;
use quote::quote;

use crate::rule::Rule;

impl Rule {
    /// The rule in the words of JSON Schema.
    pub(crate) fn keywords(&self) -> Vec<(&'static str, TokenStream)> {
        match self {
            Self::Length(min, max) => vec![("minLength", quote!(#min)), ("maxLength", quote!(#max))],
            Self::Items(min, max) => vec![("minItems", quote!(#min)), ("maxItems", quote!(#max))],
            Self::Range(bounds) => {
                let minimum = bounds.min.as_ref().map(|min| ("minimum", quote!(#min)));
                minimum.into_iter().chain(bounds.max.as_ref().map(|max| ("maximum", quote!(#max)))).collect()
            }
            Self::Pattern(pattern) => vec![("pattern", quote!(#pattern))],
            Self::Email => vec![("format", quote!("email"))],
            Self::Url => vec![("format", quote!("uri"))],
            Self::Inner(_) | Self::Custom(_) | Self::Unbounded(_) => Vec::new(),
        }
    }

    pub(crate) fn schema(&self) -> Option<TokenStream> {
        Some(match self {
            Self::Length(min, max) | Self::Items(min, max) => {
                if *min == 0 {
                    quote!(length(max = #max))
                } else {
                    quote!(length(min = #min, max = #max))
                }
            }
            Self::Inner(checks) => {
                let rules = checks.rules.iter().filter(|rule| !matches!(rule, Self::Unbounded(_)));
                let inner: Vec<_> = rules.filter_map(Self::schema).collect();
                quote!(inner(#(#inner),*))
            }
            Self::Range(bounds) => {
                let parts = [bounds.min.as_ref().map(|min| quote!(min = #min)), bounds.max.as_ref().map(|max| quote!(max = #max))];
                let parts = parts.iter().flatten();
                quote!(range(#(#parts),*))
            }
            Self::Pattern(pattern) => quote!(regex(pattern = #pattern)),
            Self::Email => quote!(email),
            Self::Url => quote!(url),
            Self::Unbounded(reason) => quote!(extend("x-unbounded" = #reason)),
            Self::Custom(_) => return None,
        })
    }
}
