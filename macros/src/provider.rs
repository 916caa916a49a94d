//! `#[derive(Provider)]`: a value of the application, or one made for each request.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "a provider has no generic parameters"));
    }
    let mut per_request = false;
    for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("provider")) {
        attribute.parse_nested_meta(|meta| {
            per_request = meta.path.is_ident("per_request");
            if per_request { Ok(()) } else { Err(meta.error("unknown word: there is `per_request`")) }
        })?;
    }
    let name = &item.ident;
    let body = if per_request {
        quote! {
            type Needs = __private::Nothing;
            async fn extract(call: &mut __private::Call) -> ::core::result::Result<Self, __private::Problem> {
                <Self as __private::PerRequest>::provide(call).await
            }
        }
    } else {
        quote! {
            type Needs = __private::Need<Self>;
            async fn extract(call: &mut __private::Call) -> ::core::result::Result<Self, __private::Problem> {
                __private::provided::<Self>(call)
            }
        }
    };
    let marker = (!per_request).then(|| quote!(impl __private::Provider for #name {}));
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private;
            #marker
            impl __private::ArgumentSeal for #name {}
            #[diagnostic::do_not_recommend]
            impl __private::Argument for #name {
                const KIND: __private::Kind = __private::Kind::Head;
                #body
            }
        };
    })
}
