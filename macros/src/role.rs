//! `#[derive(Role)]`: the roles of an application, least to most trusted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, LitStr, Token};

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &item.data else {
        return Err(syn::Error::new_spanned(&item.ident, "roles are an enum, least to most trusted"));
    };
    if data.variants.is_empty() || data.variants.len() > 64 {
        return Err(syn::Error::new_spanned(&item.ident, "an application has between 1 and 64 roles"));
    }
    let name = &item.ident;
    let last = data.variants.len() - 1;
    let (mut entries, mut arms) = (Vec::new(), Vec::new());
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    for (at, variant) in data.variants.iter().enumerate() {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "a role is a plain word"));
        }
        let ident = &variant.ident;
        let text = word(&variant.attrs, "role", ident)?;
        let permissions = granted(&variant.attrs)?;
        let rank = u8::try_from(at).unwrap_or(u8::MAX);
        let top = at == last;
        entries.push(quote! {
            p::RoleEntry { name: #text, rank: #rank, permissions: &[#((#permissions).name()),*], top: #top }
        });
        arms.push(quote!(Self::#ident => #at,));
    }
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private as p;

            // Every role counts as used: tokens name roles that the code doesn't.
            const _: &[#name] = &[#(#name::#variants),*];

            static ROLES: &[p::RoleEntry] = &[#(#entries),*];

            impl #name {
                const fn index(self) -> usize {
                    match self { #(#arms)* }
                }

                /// The guard that lets this role and more trusted ones pass.
                #[doc(hidden)]
                #[must_use]
                #[allow(clippy::indexing_slicing)]
                pub const fn guard(self) -> p::Guard {
                    let entry = &ROLES[self.index()];
                    p::Guard::rule(p::Rule::AtLeast { role: entry.name, rank: entry.rank })
                }
            }

            impl p::RoleKind for #name {
                const ROLES: &'static [p::RoleEntry] = ROLES;

                #[allow(clippy::indexing_slicing)]
                fn entry(self) -> &'static p::RoleEntry {
                    &ROLES[self.index()]
                }
            }

            impl p::KeyOf<#name> for #name {}
        };
    })
}

/// The word in the attribute, or the variant's name in snake case.
pub(crate) fn word(attributes: &[Attribute], attribute: &str, variant: &Ident) -> syn::Result<String> {
    if let Some(own) = attributes.iter().find(|own| own.path().is_ident(attribute)) {
        return Ok(own.parse_args::<LitStr>()?.value());
    }
    let mut word = String::new();
    for (at, character) in variant.to_string().chars().enumerate() {
        if character.is_uppercase() && at > 0 {
            word.push('_');
        }
        word.extend(character.to_lowercase());
    }
    Ok(word)
}

fn granted(attributes: &[Attribute]) -> syn::Result<Vec<Expr>> {
    let mut permissions = Vec::new();
    for own in attributes.iter().filter(|own| own.path().is_ident("grants")) {
        permissions.extend(own.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated)?);
    }
    Ok(permissions)
}
