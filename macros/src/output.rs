//! `#[output]`: serde and schema in one, and every field is an output itself.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Field, Fields, FieldsNamed, Ident, Type, parse_quote};

use crate::serde_words::{allow_only, skip_value};

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "an output has no generic parameters"));
    }
    check_words(&item)?;
    match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !has_words(&item, fields) => Ok(plain(&item, fields)),
            Fields::Named(_) | Fields::Unnamed(_) | Fields::Unit => Ok(derived(item)),
        },
        Data::Enum(_) => Ok(derived(item)),
        Data::Union(_) => Err(syn::Error::new_spanned(&item.ident, "an output is a struct or an enum")),
    }
}

/// Names and omissions are an output's own; what would send something else than its fields is refused.
fn check_words(item: &DeriveInput) -> syn::Result<()> {
    let (whole, variant) = (["rename_all", "rename_all_fields", "tag", "content", "untagged"], ["rename", "rename_all", "untagged"]);
    let field =
        |field: &Field| allow_only(&field.attrs, &["rename", "skip", "skip_serializing", "skip_serializing_if"], "a field of an output");
    allow_only(&item.attrs, &whole, "an output")?;
    match &item.data {
        Data::Struct(data) => data.fields.iter().try_for_each(field),
        Data::Enum(data) => data.variants.iter().try_for_each(|own| {
            allow_only(&own.attrs, &variant, "a variant of an output")?;
            own.fields.iter().try_for_each(field)
        }),
        Data::Union(_) => Ok(()),
    }
}

/// Whether serde has to do anything else than to write every field under its name.
fn has_words(item: &DeriveInput, fields: &FieldsNamed) -> bool {
    let attributes = item.attrs.iter().chain(fields.named.iter().flat_map(|field| &field.attrs));
    attributes.into_iter().any(|attribute| attribute.path().is_ident("serde"))
}

/// A struct that is written field by field: less for the compiler than what serde derives.
fn plain(item: &DeriveInput, fields: &FieldsNamed) -> TokenStream {
    let (name, text, count) = (&item.ident, item.ident.to_string(), fields.named.len());
    let writes = fields.named.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let (kind, outside) = (&field.ty, ident.unraw().to_string());
        let write = quote_spanned!(kind.span().resolved_at(Span::call_site())=> __private::write::<#kind, _>);
        Some(quote!(#write(&mut fields, #outside, &self.#ident)?;))
    });
    quote! {
        #[derive(::portcullis::__private::schemars::JsonSchema)]
        #[schemars(crate = "::portcullis::__private::schemars", deny_unknown_fields)]
        #item
        const _: () = {
            use ::portcullis::__private;
            #[diagnostic::do_not_recommend]
            impl __private::OutputSeal for #name {}
            #[diagnostic::do_not_recommend]
            impl __private::Output for #name {}
            impl __private::serde::Serialize for #name {
                fn serialize<S: __private::serde::Serializer>(&self, to: S) -> ::core::result::Result<S::Ok, S::Error> {
                    #[allow(unused_mut)]
                    let mut fields = to.serialize_struct(#text, #count)?;
                    #(#writes)*
                    __private::serde::ser::SerializeStruct::end(fields)
                }
            }
        };
    }
}

/// What serde's words change, serde derives.
fn derived(mut item: DeriveInput) -> TokenStream {
    let name = item.ident.clone();
    let fields: Vec<&mut Field> = match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().collect(),
        Data::Enum(data) => data.variants.iter_mut().flat_map(|variant| variant.fields.iter_mut()).collect(),
        Data::Union(_) => Vec::new(),
    };
    let (mut checks, mut writers) = (Vec::new(), Vec::new());
    for (at, field) in fields.into_iter().enumerate() {
        let kind = &field.ty;
        checks.push(quote_spanned!(kind.span()=> is_output::<#kind>();));
        if !is_left_out(&field.attrs) {
            let writer = format_ident!("__write_{at}");
            writers.push(writer_of(&writer, kind));
            let path = format!("{name}::{writer}");
            field.attrs.push(parse_quote!(#[serde(serialize_with = #path)]));
        }
    }
    let renaming =
        (matches!(item.data, Data::Enum(_)) && !has_word(&item.attrs, "rename_all")).then(|| quote!(#[serde(rename_all = "snake_case")]));
    quote! {
        #[derive(::portcullis::__private::serde::Serialize, ::portcullis::__private::schemars::JsonSchema)]
        #[serde(crate = "::portcullis::__private::serde", deny_unknown_fields)]
        #renaming
        #[schemars(crate = "::portcullis::__private::schemars")]
        #item
        const _: () = {
            use ::portcullis::__private;
            #[allow(unused_imports)]
            use __private::OutputFallback as _;
            #[diagnostic::do_not_recommend]
            impl __private::OutputSeal for #name {}
            #[diagnostic::do_not_recommend]
            impl __private::Output for #name {}
            #[doc(hidden)]
            impl #name {
                #(#writers)*
                #[allow(dead_code)]
                fn __fields() {
                    const fn is_output<T: __private::Output + ?Sized>() {}
                    #(#checks)*
                }
            }
        };
    }
}

/// What the derived code writes a field with. Any type has it: whether the field is an output is asked once, at the field itself.
fn writer_of(name: &Ident, kind: &Type) -> TokenStream {
    quote! {
        fn #name<S: __private::serde::Serializer>(value: &#kind, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
            __private::Probe::<#kind>::serialize(value, serializer)
        }
    }
}

fn has_word(attributes: &[Attribute], word: &str) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident(word);
            skip_value(&meta)
        });
    }
    found
}

/// Whether an attribute says that the field isn't written.
fn is_left_out(attributes: &[Attribute]) -> bool {
    has_word(attributes, "skip") || has_word(attributes, "skip_serializing")
}
