//! Endpoint attributes and derives of Portcullis. Their documentation stands in the `portcullis` crate.
//!
//! Every macro parses, reports on the user's own token, and emits calls of ordinary functions under `::portcullis::__private`. After a
//! mistake it still emits what others refer to, so that one mistake stays one error.

#![expect(clippy::wildcard_enum_match_arm, reason = "syn's enums have many variants, and grow")]

use proc_macro::TokenStream;

mod access;
mod check;
mod check_schema;
mod endpoint;
mod field;
mod input;
mod kind;
mod output;
mod permission;
mod provider;
mod record;
mod role;
mod rule;
mod serde_words;
mod word;

macro_rules! endpoint_attributes {
    ($($name:ident => $verb:literal, $title:literal;)*) => {$(
        #[doc = $title]
        #[proc_macro_attribute]
        pub fn $name(attribute: TokenStream, item: TokenStream) -> TokenStream {
            endpoint::expand($verb, attribute.into(), &item.into()).into()
        }
    )*};
}

endpoint_attributes! {
    get => "Get", "Makes an endpoint that answers `GET` and `HEAD`.";
    post => "Post", "Makes an endpoint that answers `POST`.";
    put => "Put", "Makes an endpoint that answers `PUT`.";
    patch => "Patch", "Makes an endpoint that answers `PATCH`.";
    delete => "Delete", "Makes an endpoint that answers `DELETE`.";
}

/// Makes a type that may come from outside: parsed, bounded and checked.
#[proc_macro_attribute]
pub fn input(_: TokenStream, item: TokenStream) -> TokenStream {
    input::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a type whose values may leave the service.
#[proc_macro_attribute]
pub fn output(_: TokenStream, item: TokenStream) -> TokenStream {
    output::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum the roles of an application, least to most trusted.
#[proc_macro_derive(Role, attributes(role, grants))]
pub fn role(item: TokenStream) -> TokenStream {
    role::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum the permissions of an application.
#[proc_macro_derive(Permission, attributes(permission))]
pub fn permission(item: TokenStream) -> TokenStream {
    permission::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a value of the application something that handlers ask for by type.
#[proc_macro_derive(Provider, attributes(provider))]
pub fn provider(item: TokenStream) -> TokenStream {
    provider::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct the record of a query, field by column.
#[proc_macro_derive(Record)]
pub fn record(item: TokenStream) -> TokenStream {
    record::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
