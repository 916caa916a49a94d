//! `#[derive(Record)]`: a struct out of a row, field by column.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Fields};

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let Data::Struct(syn::DataStruct { fields: Fields::Named(fields), .. }) = &item.data else {
        return Err(syn::Error::new_spanned(&item.ident, "a record is a struct with named fields"));
    };
    let name = &item.ident;
    let columns = fields.named.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let column = ident.unraw().to_string();
        Some(quote!(#ident: row.take(#column)?))
    });
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private;
            impl __private::Record for #name {
                fn from_row(row: &__private::Row) -> ::core::result::Result<Self, __private::StoreError> {
                    Ok(Self { #(#columns),* })
                }
            }
        };
    })
}
