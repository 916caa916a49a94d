//! `#[input]`: reading, schema and checks in one, unknown fields refused, bounds demanded.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, FieldsNamed, Ident, Index};

use crate::check::Checks;
use crate::field::{FieldWords, Renaming};
use crate::serde_words::allow_only;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: DeriveInput = syn::parse2(item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "an input has no generic parameters"));
    }
    let (derives, implementation) = match &mut item.data {
        Data::Struct(data) => match &mut data.fields {
            Fields::Named(fields) => {
                let implementation = of_struct(&item.ident, Renaming::read(&item.attrs)?, fields)?;
                (quote!(#[derive(::portcullis::__private::schemars::JsonSchema)]), implementation)
            }
            Fields::Unnamed(_) | Fields::Unit => {
                return Err(syn::Error::new_spanned(&item.ident, "an input is a struct with named fields, or an enum of plain words"));
            }
        },
        Data::Enum(data) => {
            allow_only(&item.attrs, &[], "an input that is a choice of words")?;
            let implementation = of_enum(&item.ident, data)?;
            let derives = quote! {
                #[derive(::portcullis::__private::serde::Deserialize, ::portcullis::__private::schemars::JsonSchema)]
                #[serde(crate = "::portcullis::__private::serde", rename_all = "snake_case")]
            };
            (derives, implementation)
        }
        Data::Union(_) => return Err(syn::Error::new_spanned(&item.ident, "an input is a struct or an enum")),
    };
    let debug = debug(&item);
    Ok(quote! {
        #derives
        #[schemars(crate = "::portcullis::__private::schemars", deny_unknown_fields)]
        #item
        const _: () = {
            use ::portcullis::__private;
            #[allow(unused_imports)]
            use __private::FieldFallback as _;
            #implementation
            #debug
        };
    })
}

/// What is written for a field, at its place.
#[derive(Default)]
struct Parts {
    names: Vec<String>,
    defaults: Vec<usize>,
    reads: Vec<TokenStream>,
    finishes: Vec<TokenStream>,
    checks: Vec<TokenStream>,
    diagnoses: Vec<TokenStream>,
    constants: TokenStream,
}

fn of_struct(name: &Ident, renaming: Renaming, fields: &mut FieldsNamed) -> syn::Result<TokenStream> {
    if fields.named.len() > MOST_FIELDS {
        return Err(syn::Error::new_spanned(name, format_args!("an input has at most {MOST_FIELDS} fields")));
    }
    let mut parts = Parts::default();
    for (place, field) in fields.named.iter_mut().enumerate() {
        let rules = Checks::read(&field.attrs)?;
        let words = FieldWords::read(field, renaming)?;
        let Some(ident) = &field.ident else { continue };
        if let Some(at) = words.plain_default
            && let Some(why) = rules.refuses_default(&field.ty)
        {
            return Err(syn::Error::new(at, why));
        }
        if parts.names.contains(&words.name) {
            return Err(syn::Error::new_spanned(ident, format_args!("another field has the name `{}`", words.name)));
        }
        let (kind, at) = (&field.ty, Index::from(place));
        let span = kind.span().resolved_at(Span::call_site());
        let from = rules.bound(kind).map_or_else(|| quote!(from), |bound| quote!(__private::Bound::wrap(#bound, from)));
        parts.reads.push(match &words.read_with {
            Some(function) => quote_spanned!(span=> #place => draft.#at = Some(#function(#from)?),),
            // Whether its type is an input is asked once, where it is checked.
            None if rules.checked_by_type(kind).is_some() => quote!(#place => __private::Probe::<#kind>::put(&mut draft.#at, #from)?,),
            None => quote_spanned!(span=> #place => __private::put(&mut draft.#at, #from)?,),
        });
        parts.finishes.push(match &words.default {
            Some(default) => quote!(#ident: draft.#at.unwrap_or_else(#default)),
            None => quote!(#ident: __private::taken(draft.#at)?),
        });
        if words.default.is_some() {
            parts.defaults.push(place);
        }
        let statements = rules.statements(kind);
        parts.constants.extend(rules.constants(kind));
        parts.checks.push(quote!(#place => if let Some(value) = view.#at { #statements },));
        if let Some(deeper) = rules.deeper(kind) {
            parts.diagnoses.push(quote!(#place => #deeper,));
        }
        parts.names.push(words.name);
        field.attrs.retain(|attribute| !attribute.path().is_ident("check"));
        let schema = rules.schema(kind);
        if !schema.is_empty() {
            field.attrs.extend(syn::parse::Parser::parse2(Attribute::parse_outer, schema)?);
        }
    }
    Ok(implementation(name, fields, &parts))
}

fn implementation(name: &Ident, fields: &FieldsNamed, parts: &Parts) -> TokenStream {
    let Parts { names, defaults, reads, finishes, checks, diagnoses, constants } = parts;
    let idents: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let kinds: Vec<_> = fields.named.iter().map(|field| &field.ty).collect();
    let places: Vec<_> = (0..kinds.len()).map(Index::from).collect();
    let nothing = kinds.iter().map(|_| quote!(None));
    quote! {
        #constants
        #[allow(unused_variables, clippy::too_many_lines, clippy::type_complexity, clippy::unused_unit)]
        impl __private::Fields for #name {
            type Draft = (#(Option<#kinds>,)*);
            type View<'a> = (#(Option<&'a #kinds>,)*);
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            const DEFAULTS: &'static [usize] = &[#(#defaults),*];
            const EMPTY: Self::Draft = (#(#nothing,)*);
            fn read_at<'de, D: __private::serde::Deserializer<'de>>(place: usize, draft: &mut Self::Draft, from: D) -> Result<(), D::Error> {
                match place {
                    #(#reads)*
                    _ => {}
                }
                Ok(())
            }
            fn finish<E: __private::serde::de::Error>(draft: Self::Draft) -> Result<Self, E> {
                Ok(Self { #(#finishes),* })
            }
            fn view(&self) -> Self::View<'_> {
                (#(Some(&self.#idents),)*)
            }
            fn seen(draft: &Self::Draft) -> Self::View<'_> {
                (#(draft.#places.as_ref(),)*)
            }
            fn check_at(place: usize, view: &Self::View<'_>, at: &mut __private::Pointer, failures: &mut __private::Failures) {
                match place {
                    #(#checks)*
                    _ => {}
                }
            }
            fn diagnose_at(place: usize, value: &__private::Value, at: &mut __private::Pointer, failures: &mut __private::Failures) -> bool {
                match place {
                    #(#diagnoses)*
                    _ => false,
                }
            }
        }
        impl<'de> __private::serde::Deserialize<'de> for #name {
            fn deserialize<D: __private::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                __private::read(from)
            }
        }
        impl __private::InputSeal for #name {}
        impl __private::Input for #name {}
        #[diagnostic::do_not_recommend]
        impl __private::CheckField for #name {
            fn check_field(&self, at: &mut __private::Pointer, failures: &mut __private::Failures) {
                __private::Input::check(self, at, failures);
            }
            fn diagnose_field(value: &__private::Value, at: &mut __private::Pointer, failures: &mut __private::Failures) -> bool {
                <Self as __private::Input>::diagnose(value, at, failures);
                true
            }
        }
    }
}

fn of_enum(name: &Ident, data: &DataEnum) -> syn::Result<TokenStream> {
    if let Some(variant) = data.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Err(syn::Error::new_spanned(variant, "an input enum is a choice of plain words"));
    }
    for variant in &data.variants {
        allow_only(&variant.attrs, &["rename"], "a variant of an input")?;
    }
    Ok(quote! {
        impl __private::InputSeal for #name {}
        #[diagnostic::do_not_recommend]
        impl __private::CheckField for #name {}
    })
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

/// Which of them were found is kept in the bits of one number.
const MOST_FIELDS: usize = 128;
