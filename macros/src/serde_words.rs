//! Which words of serde an input or an output may have.

use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::token::Paren;
use syn::{Attribute, Expr, Token};

/// Refuses every word of `#[serde(…)]` that isn't listed, and words that only another configuration would show.
pub(crate) fn allow_only(attributes: &[Attribute], allowed: &[&str], whose: &str) -> syn::Result<()> {
    none_by_configuration(attributes)?;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if !allowed.iter().any(|word| meta.path.is_ident(word)) {
                let known = allowed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "none".to_owned() } else { known };
                return Err(meta.error(format_args!("{whose} knows of serde's words: {known}")));
            }
            skip_value(&meta)
        })?;
    }
    Ok(())
}

/// What stands in `cfg_attr` is seen by serde, but not here.
pub(crate) fn none_by_configuration(attributes: &[Attribute]) -> syn::Result<()> {
    let hidden = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg_attr")).find(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        ["serde", "schemars", "check"].iter().any(|word| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == *word))
    });
    match hidden {
        Some(attribute) => Err(syn::Error::new_spanned(
            &attribute.meta,
            "write `#[serde(…)]` and `#[check(…)]` themselves: what `cfg_attr` hides isn't checked",
        )),
        None => Ok(()),
    }
}

pub(crate) fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(Paren) {
        meta.input.parse::<proc_macro2::Group>()?;
    }
    Ok(())
}
