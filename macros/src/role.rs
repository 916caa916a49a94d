//! `#[derive(Role)]`: the roles of an application, least to most trusted.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Token};

use crate::word::Names;

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
    let (mut entries, mut arms, mut grants, mut names) = (Vec::new(), Vec::new(), Vec::new(), Names::default());
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    for (at, variant) in data.variants.iter().enumerate() {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "a role is a plain word"));
        }
        let ident = &variant.ident;
        let text = names.take(&variant.attrs, "role", ident)?;
        let own = granted(&variant.attrs)?;
        let places = grants.len()..grants.len() + own.len();
        grants
            .extend(own.iter().map(|permission| quote_spanned!(permission.span()=> __private::grant::<#name, _>(&(#permission).guard()))));
        let rank = u8::try_from(at).unwrap_or(u8::MAX);
        let top = at == last;
        entries.push(quote! {
            __private::RoleEntry { name: #text, rank: #rank, permissions: &[#(GRANTS[#places].name),*], top: #top }
        });
        arms.push(quote!(Self::#ident => #at,));
    }
    let (text, count) = (name.to_string(), grants.len());
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private;

            // Every role counts as used: tokens name roles that the code doesn't.
            #[allow(unused_qualifications)]
            const _: &[#name] = &[#(#name::#variants),*];

            const GRANTS: [__private::PermissionGrant; #count] = [#(#grants),*];
            static ROLES: &[__private::RoleEntry] = &[#(#entries),*];

            impl #name {
                const fn index(self) -> usize {
                    match self { #(#arms)* }
                }

                /// The guard that lets this role and more trusted ones pass.
                #[doc(hidden)]
                #[must_use]
                pub const fn guard(self) -> __private::Guard<Self> {
                    __private::at_least::<Self>(self.index())
                }
            }

            impl __private::RoleKind for #name {
                const ROLES: &'static [__private::RoleEntry] = ROLES;
                const GRANTS: &'static [__private::PermissionGrant] = &GRANTS;

                #[allow(clippy::indexing_slicing)]
                fn entry(self) -> &'static __private::RoleEntry {
                    &ROLES[self.index()]
                }
            }

            impl __private::Key for #name {
                const KEY: u64 = __private::number(option_env!("CARGO_PKG_NAME"), module_path!(), file!(), #text, (line!(), column!()));
            }

            #[diagnostic::do_not_recommend]
            impl __private::Knows<{ <#name as __private::Key>::KEY }> for #name {}
            #[diagnostic::do_not_recommend]
            impl __private::KeyOf<#name> for #name {}
            #[diagnostic::do_not_recommend]
            impl __private::JoinKey<#name> for #name {
                type Both = Self;
            }
            #[diagnostic::do_not_recommend]
            impl __private::JoinKey<__private::Anyone> for #name {
                type Both = Self;
            }
        };
    })
}

fn granted(attributes: &[Attribute]) -> syn::Result<Vec<Expr>> {
    let mut permissions = Vec::new();
    for own in attributes.iter().filter(|own| own.path().is_ident("grants")) {
        permissions.extend(own.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated)?);
    }
    Ok(permissions)
}
