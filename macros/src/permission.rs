//! `#[derive(Permission)]`: the permissions that roles are granted by name.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::role::word;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &item.data else {
        return Err(syn::Error::new_spanned(&item.ident, "permissions are an enum"));
    };
    let name = &item.ident;
    let mut arms = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "a permission is a plain word"));
        }
        let ident = &variant.ident;
        let text = word(&variant.attrs, "permission", ident)?;
        arms.push(quote!(Self::#ident => #text,));
    }
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private as p;

            impl #name {
                /// The permission's name.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self { #(#arms)* }
                }

                /// The guard that lets callers pass whose role holds this permission.
                #[doc(hidden)]
                #[must_use]
                pub const fn guard(self) -> p::Guard {
                    p::Guard::rule(p::Rule::Permission(self.name()))
                }
            }

            impl<R: p::RoleKind> p::KeyOf<R> for #name {}
        };
    })
}
