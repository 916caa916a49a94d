//! `#[get]`, `#[post]`, `#[put]`, `#[patch]`, `#[delete]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{FnArg, Ident, ItemFn, LitInt, LitStr, ReturnType, Token, Type};

use crate::access::Access;

/// What stands in the attribute.
struct Attribute {
    path: LitStr,
    access: Option<Access>,
    scope: Option<LitStr>,
    without_object: Option<LitStr>,
    unscoped: Option<LitStr>,
    tag: Option<LitStr>,
    class: Option<Ident>,
    body_limit: Option<LitInt>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), "an endpoint begins with its path: `#[get(\"/notes\", access = …)]`"))?;
        let mut attribute =
            Self { path, access: None, scope: None, without_object: None, unscoped: None, tag: None, class: None, body_limit: None };
        let mut words: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word: Ident = input.parse()?;
            if words.contains(&word) {
                return Err(syn::Error::new(word.span(), format_args!("`{word}` stands twice")));
            }
            words.push(word.clone());
            input.parse::<Token![=]>()?;
            match word.to_string().as_str() {
                "access" => attribute.access = Some(input.parse()?),
                "scope" => attribute.scope = Some(input.parse()?),
                "without_object" => attribute.without_object = Some(reason(input)?),
                "unscoped" => attribute.unscoped = Some(reason(input)?),
                "tag" => attribute.tag = Some(input.parse()?),
                "class" => attribute.class = Some(input.parse()?),
                "body_limit" => attribute.body_limit = Some(input.parse()?),
                _ => {
                    return Err(syn::Error::new(
                        word.span(),
                        "unknown setting: an endpoint has `access`, `scope`, `without_object`, `unscoped`, `tag`, `class` and `body_limit`",
                    ));
                }
            }
        }
        Ok(attribute)
    }
}

fn reason(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let reason: LitStr = input.parse()?;
    crate::word::says_why(&reason)?;
    Ok(reason)
}

pub(crate) fn expand(verb: &str, attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let error = syn::Error::new(Span::call_site(), "an endpoint attribute stands on an async function").into_compile_error();
            return quote!(#error #item);
        }
    };
    let attribute = match Attribute::parse.parse2(attribute) {
        Ok(attribute) => attribute,
        Err(error) => return with_stub(&function, &error),
    };
    if attribute.access.is_none() {
        let message = "this endpoint has no access policy: add `access = …`, for example `access = Role::User`, `access = Authenticated`, \
                       `access = Can<Read, Note>` or `access = Public(\"why everyone may\")`";
        return with_stub(&function, &syn::Error::new(attribute.path.span(), message));
    }
    match endpoint(verb, &attribute, &function) {
        // A handler is asynchronous whether or not it waits for anything.
        Ok(endpoint) => quote!(#[allow(clippy::unused_async)] #function #endpoint),
        Err(error) => with_stub(&function, &error),
    }
}

/// The function, the error, and an endpoint that mounts anywhere, so that nothing else fails.
fn with_stub(function: &ItemFn, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    let (name, visibility) = (&function.sig.ident, &function.vis);
    quote! {
        #[allow(dead_code)]
        #function
        #error
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_docs, missing_debug_implementations, missing_copy_implementations)]
        #visibility struct #name {}
        impl ::portcullis::__private::Registered for #name {
            const ENDPOINT: &'static ::portcullis::__private::Endpoint = &::portcullis::__private::STUB;
        }
        impl<R: ::portcullis::__private::RoleKind, S> ::portcullis::__private::Mountable<R, S, ()> for #name {}
    }
}

fn endpoint(verb: &str, attribute: &Attribute, function: &ItemFn) -> syn::Result<TokenStream> {
    let arguments = arguments(function)?;
    let answer = answer(function)?;
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let verb = format_ident!("{verb}");
    let path = &attribute.path;
    let access = attribute.access.as_ref().map(Access::guard);
    let access = match &attribute.scope {
        Some(scope) => quote_spanned!(scope.span()=> __private::Guard::with_scope(#access, #scope)),
        None => quote!(#access),
    };
    let doc = documentation(function);
    let options = options(attribute);
    let checks = checks(attribute, &arguments, answer);
    let mountable = mountable(name, &arguments);
    let count = arguments.len();
    let specification = quote_spanned!(answer.span()=> __private::answering::<#answer>());
    let specifications = arguments.iter().map(|kind| quote_spanned!(kind.span()=> __private::specify_under::<#kind, _, _>(&guard)));
    let text = name.to_string();
    // A future that can't move between threads is an error of the handler.
    let handle =
        quote_spanned!(name.span().resolved_at(Span::call_site())=> __private::Probe::<fn(#(#arguments),*) -> #answer>::call(call, #name));
    Ok(quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_docs, missing_debug_implementations, missing_copy_implementations)]
        #visibility struct #name {}

        const _: () = {
            use ::portcullis::__private;
            #[allow(unused_imports)]
            use __private::Fallback as _;

            const PARTS: (__private::Guard, [__private::ArgumentSpec; #count]) = {
                let guard = #access;
                (guard.erase(), [#(#specifications),*])
            };
            const GUARD: __private::Guard = PARTS.0;
            const KEY: u64 = GUARD.key();
            const ANSWER: __private::AnswerSpec = #specification;
            const ARGUMENTS: &[__private::ArgumentSpec] = &PARTS.1;
            #checks

            fn call(call: __private::Call) -> __private::CallFuture {
                #handle
            }

            static ENDPOINT: __private::Endpoint = __private::finish(
                __private::Endpoint::builder(__private::Verb::#verb, #path, #text).doc(#doc)#options,
                GUARD,
                ARGUMENTS,
                ANSWER,
                call,
            );

            impl __private::Registered for #name {
                const ENDPOINT: &'static __private::Endpoint = &ENDPOINT;
            }

            #mountable
        };
    })
}

fn arguments(function: &ItemFn) -> syn::Result<Vec<&Type>> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(syn::Error::new(signature.fn_token.span(), "a handler is an `async fn`"));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new(signature.generics.span(), "a handler has no generic parameters"));
    }
    if let Some(argument) = signature.inputs.iter().nth(MOST_ARGUMENTS) {
        return Err(syn::Error::new(argument.span(), format_args!("a handler has at most {MOST_ARGUMENTS} parameters")));
    }
    signature
        .inputs
        .iter()
        .map(|argument| match argument {
            FnArg::Receiver(receiver) => Err(syn::Error::new(receiver.span(), "a handler is a free function")),
            FnArg::Typed(typed) => match &*typed.ty {
                Type::ImplTrait(kind) => Err(syn::Error::new(kind.span(), "a handler names the types of its parameters")),
                Type::Reference(kind) => {
                    Err(syn::Error::new(kind.span(), "a handler owns its parameters: take the value, not a reference"))
                }
                named => Ok(named),
            },
        })
        .collect()
}

fn answer(function: &ItemFn) -> syn::Result<&Type> {
    match &function.sig.output {
        ReturnType::Default => {
            Err(syn::Error::new(function.sig.ident.span(), "a handler says what it answers: `-> Json<T>`, `-> NoContent`, `-> Result<…>`"))
        }
        ReturnType::Type(_, kind) => match &**kind {
            Type::ImplTrait(kind) => {
                Err(syn::Error::new(kind.span(), "a handler names the type of its answer, so that it can be documented"))
            }
            named => Ok(named),
        },
    }
}

fn documentation(function: &ItemFn) -> String {
    let lines = function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value().trim().to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn options(attribute: &Attribute) -> TokenStream {
    let tag = attribute.tag.as_ref().map(|tag| quote!(.tag(#tag)));
    let class = attribute.class.as_ref().map(|class| quote!(.class(__private::Class::#class)));
    let body_limit = attribute.body_limit.as_ref().map(|bytes| quote!(.body_limit(#bytes)));
    let without_object = attribute.without_object.as_ref().map(|reason| quote!(.without_object(#reason)));
    let unscoped = attribute.unscoped.as_ref().map(|reason| quote!(.unscoped(#reason)));
    quote!(#tag #class #body_limit #without_object #unscoped)
}

/// What path, arguments and policy promise each other, asked at the token that has to change.
fn checks(attribute: &Attribute, arguments: &[&Type], answer: &Type) -> TokenStream {
    let path = &attribute.path;
    let (no_object, unscoped) = (attribute.without_object.is_some(), attribute.unscoped.is_some());
    let single = arguments
        .iter()
        .enumerate()
        .map(|(at, kind)| quote_spanned!(kind.span()=> const _: () = __private::checks::argument(&GUARD, &ARGUMENTS[#at]);));
    let access = attribute.access.as_ref().map(Access::span).unwrap_or_else(Span::call_site);
    let policy = quote_spanned!(access=> const _: () = __private::checks::policy(&GUARD););
    let answer = quote_spanned!(answer.span()=> const _: () = __private::checks::answer(&ANSWER););
    let whole = quote_spanned!(path.span()=> const _: () = __private::checks::whole(#path, ARGUMENTS, &GUARD, #no_object, #unscoped););
    quote!(#policy #(#single)* #answer #whole)
}

fn mountable(name: &Ident, arguments: &[&Type]) -> TokenStream {
    let places: Vec<_> = (0..arguments.len()).map(|at| format_ident!("I{at}")).collect();
    quote! {
        impl<R, S, #(#places),*> __private::Mountable<R, S, (#(#places,)*)> for #name
        where
            R: __private::RoleKind + __private::Knows<{ KEY }>,
            #(#arguments: __private::ProvidedBy<S, #places>,)*
        {
        }
    }
}

/// For as many there is code that calls a handler.
const MOST_ARGUMENTS: usize = 12;
