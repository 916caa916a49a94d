//! `#[derive(Permission)]`: the permissions that roles are granted by name.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, LitStr, Type};

use crate::word::Names;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &item.data else {
        return Err(syn::Error::new_spanned(&item.ident, "permissions are an enum"));
    };
    let name = &item.ident;
    let owner = Owner::read(&item)?;
    let (mut arms, mut names) = (Vec::new(), Names::default());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "a permission is a plain word"));
        }
        let ident = &variant.ident;
        let text = names.take(&variant.attrs, "permission", ident)?;
        owner.check(&text, ident)?;
        arms.push(quote!(Self::#ident => #text,));
    }
    let key = match &owner {
        Owner::Roles(roles) => quote!(#roles),
        Owner::Module(_) => quote!(__private::Anyone),
    };
    // Another type than an enum of roles would tie the permissions to no application.
    let owned = match &owner {
        Owner::Roles(roles) => quote_spanned!(roles.span()=> const _: () = __private::permissions_of::<#roles>();),
        Owner::Module(_) => TokenStream::new(),
    };
    Ok(quote! {
        const _: () = {
            use ::portcullis::__private;

            #owned

            impl #name {
                /// The permission's name.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self { #(#arms)* }
                }

                /// The guard that lets callers pass whose role holds this permission.
                #[doc(hidden)]
                #[must_use]
                pub const fn guard(self) -> __private::Guard<#key> {
                    __private::permission::<Self, #key>(self.name())
                }
            }
        };
    })
}

/// Whose permissions they are.
enum Owner {
    /// Those of the application with these roles.
    Roles(Box<Type>),
    /// Those of a module, for every application that mounts it.
    Module(LitStr),
}

impl Owner {
    fn read(item: &DeriveInput) -> syn::Result<Self> {
        let mut owner = None;
        for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("permission")) {
            attribute.parse_nested_meta(|meta| {
                let own = if meta.path.is_ident("of") {
                    Self::Roles(Box::new(meta.value()?.parse()?))
                } else if meta.path.is_ident("module") {
                    Self::Module(meta.value()?.parse()?)
                } else {
                    return Err(meta.error("unknown word: there are `of = Role` and `module = \"name\"`"));
                };
                match owner.replace(own) {
                    None => Ok(()),
                    Some(_) => Err(meta.error("permissions are those of one application, or of one module")),
                }
            })?;
        }
        let message = "say whose permissions these are: `#[permission(of = Role)]` with the roles of the application";
        owner.ok_or_else(|| syn::Error::new_spanned(&item.ident, message))
    }

    /// A module's permissions begin with its name, so that no application's have the same name by chance.
    fn check(&self, text: &str, variant: &syn::Ident) -> syn::Result<()> {
        match self {
            Self::Module(module) if !text.strip_prefix(&module.value()).is_some_and(|rest| rest.starts_with('.')) => {
                Err(syn::Error::new_spanned(variant, format_args!("the permissions of this module are named `{}.…`", module.value())))
            }
            Self::Roles(_) if text.to_ascii_lowercase().starts_with(ACCOUNTS) => Err(syn::Error::new_spanned(
                variant,
                format_args!("`{ACCOUNTS}…` are the permissions of the accounts module: choose another name"),
            )),
            Self::Roles(_) | Self::Module(_) => Ok(()),
        }
    }
}

const ACCOUNTS: &str = "accounts.";
