//! `#[output]`: serde and schema in one, and every field is an output itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields};

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "an output has no generic parameters"));
    }
    let fields: Vec<_> = match &item.data {
        Data::Struct(data) => types(&data.fields).collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| types(&variant.fields)).collect(),
        Data::Union(_) => return Err(syn::Error::new_spanned(&item.ident, "an output is a struct or an enum")),
    };
    let name = &item.ident;
    let renaming = matches!(item.data, Data::Enum(_)).then(|| quote!(#[serde(rename_all = "snake_case")]));
    let checks = fields.iter().map(|kind| quote_spanned!(kind.span()=> is_output::<#kind>();));
    Ok(quote! {
        #[derive(::portcullis::__private::serde::Serialize, ::portcullis::__private::schemars::JsonSchema)]
        #[serde(crate = "::portcullis::__private::serde", deny_unknown_fields)]
        #renaming
        #[schemars(crate = "::portcullis::__private::schemars")]
        #item
        const _: () = {
            impl ::portcullis::__private::Output for #name {}
            #[allow(dead_code)]
            fn fields() {
                const fn is_output<T: ::portcullis::__private::Output + ?Sized>() {}
                #(#checks)*
            }
        };
    })
}

fn types(fields: &Fields) -> impl Iterator<Item = &syn::Type> {
    fields.iter().map(|field| &field.ty)
}
