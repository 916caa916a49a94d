//! `#[input]`: serde, schema and checks in one, unknown fields refused, bounds demanded.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Field, Fields, FieldsNamed, LitStr, Type, parse_quote};

use crate::check::Checks;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "an input has no generic parameters"));
    }
    let implementation = match &mut item.data {
        Data::Struct(data) => match &mut data.fields {
            Fields::Named(fields) => of_struct(&item.ident, fields)?,
            Fields::Unnamed(_) | Fields::Unit => {
                return Err(syn::Error::new_spanned(&item.ident, "an input is a struct with named fields, or an enum of plain words"));
            }
        },
        Data::Enum(data) => of_enum(&item.ident, data)?,
        Data::Union(_) => return Err(syn::Error::new_spanned(&item.ident, "an input is a struct or an enum")),
    };
    let debug = debug(&item);
    let name = item.ident.clone();
    let is_enum = matches!(item.data, Data::Enum(_));
    let shape = if is_enum { quote!(#[serde(rename_all = "snake_case")]) } else { quote!(#[serde(remote = "Self")]) };
    // serde would read a struct from a list, field by place; an input is an object and nothing else.
    let object_only = (!is_enum).then(|| {
        quote! {
            impl<'de> p::serde::Deserialize<'de> for #name {
                fn deserialize<D: p::serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    Self::deserialize(p::ObjectOnly(deserializer))
                }
            }
        }
    });
    Ok(quote! {
        #[derive(::portcullis::__private::serde::Deserialize, ::portcullis::__private::schemars::JsonSchema)]
        #[serde(crate = "::portcullis::__private::serde", deny_unknown_fields)]
        #shape
        #[schemars(crate = "::portcullis::__private::schemars")]
        #item
        const _: () = {
            use ::portcullis::__private as p;
            #[allow(unused_imports)]
            use p::FieldFallback as _;
            #implementation
            #object_only
            #debug
        };
    })
}

fn of_struct(name: &syn::Ident, fields: &mut FieldsNamed) -> syn::Result<TokenStream> {
    let (mut names, mut checks, mut diagnoses) = (Vec::new(), Vec::new(), Vec::new());
    for field in &mut fields.named {
        let rules = Checks::read(&field.attrs)?;
        let ident = field.ident.clone();
        let outside = outside_name(field)?;
        let kind = &field.ty;
        let statements = rules.statements(kind);
        let deeper = rules.deeper(kind);
        checks.push(quote! {
            { let value = &self.#ident; at.step(#outside, |at| { #statements }); }
        });
        let diagnosis = quote! {
            p::Probe::<#kind>::field(object, #outside, (at, failures), |value, at, failures| #deeper, |value, at, failures| { #statements });
        };
        diagnoses.push(if has_default(field)? { quote!(if object.contains_key(#outside) { #diagnosis }) } else { diagnosis });
        names.push(outside);
        if let Some(checked) = rules.checked_by_type(kind) {
            field.attrs.push(assume(checked));
        }
        field.attrs.retain(|attribute| !attribute.path().is_ident("check"));
        let schema = rules.schema(kind);
        if !schema.is_empty() {
            field.attrs.extend(syn::parse::Parser::parse2(Attribute::parse_outer, schema)?);
        }
    }
    Ok(quote! {
        #[allow(unused_variables, clippy::too_many_lines)]
        impl p::Input for #name {
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            fn check(&self, at: &mut p::Pointer, failures: &mut p::Failures) {
                #(#checks)*
            }
            fn diagnose(value: &p::Value, at: &mut p::Pointer, failures: &mut p::Failures) {
                let Some(object) = p::into_object(value, at, failures) else { return };
                p::unknown_fields(object, <Self as p::Input>::FIELDS, at, failures);
                #(#diagnoses)*
            }
        }
        #[diagnostic::do_not_recommend]
        impl p::CheckField for #name {
            fn check_field(&self, at: &mut p::Pointer, failures: &mut p::Failures) {
                p::Input::check(self, at, failures);
            }
            fn diagnose_field(value: &p::Value, at: &mut p::Pointer, failures: &mut p::Failures) -> bool {
                <Self as p::Input>::diagnose(value, at, failures);
                true
            }
        }
    })
}

/// Lets the derived code take for granted that a type is validated: whether it is, is asked once, at the field itself.
///
/// A bound without parameters would be checked at once; one over any lifetime waits until it is used.
fn assume(kind: &Type) -> Attribute {
    let bound = quote!(for<'any> #kind: ::portcullis::__private::AssumedField<'any>).to_string();
    let bound = LitStr::new(&bound, kind.span());
    parse_quote!(#[serde(bound(deserialize = #bound))])
}

fn of_enum(name: &syn::Ident, data: &DataEnum) -> syn::Result<TokenStream> {
    if let Some(variant) = data.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Err(syn::Error::new_spanned(variant, "an input enum is a choice of plain words"));
    }
    Ok(quote! {
        #[diagnostic::do_not_recommend]
        impl p::CheckField for #name {}
    })
}

/// The name in JSON, a query or a form.
fn outside_name(field: &Field) -> syn::Result<String> {
    let mut name = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    each_serde_word(field, |meta| {
        if meta.path.is_ident("rename") {
            name = meta.value()?.parse::<LitStr>()?.value();
        } else if meta.input.peek(syn::Token![=]) {
            meta.value()?.parse::<syn::Expr>()?;
        }
        Ok(())
    })?;
    Ok(name)
}

fn has_default(field: &Field) -> syn::Result<bool> {
    let mut default = false;
    each_serde_word(field, |meta| {
        default |= meta.path.is_ident("default");
        if meta.input.peek(syn::Token![=]) {
            meta.value()?.parse::<syn::Expr>()?;
        }
        Ok(())
    })?;
    Ok(default)
}

fn each_serde_word(field: &Field, mut word: impl FnMut(syn::meta::ParseNestedMeta<'_>) -> syn::Result<()>) -> syn::Result<()> {
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(&mut word)?;
    }
    Ok(())
}

/// A `Debug` that never shows what came in, unless the type derives its own.
fn debug(item: &DeriveInput) -> TokenStream {
    let derives_debug = item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("derive") && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("Debug"))
    });
    if derives_debug {
        return TokenStream::new();
    }
    let name = &item.ident;
    let text = format!("{name}(…)");
    quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(#text)
            }
        }
    }
}
