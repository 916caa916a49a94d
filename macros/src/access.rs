//! The expression after `access =`: a role, a permission, `Can<Action, Resource>`, `all(…)`, `any(…)`, or anything with a guard.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream, discouraged::Speculative as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Token, Type, parenthesized};

/// A policy as written.
pub(crate) enum Access {
    Type(Type),
    Value(Expr),
    All(Ident, Punctuated<Self, Token![,]>),
    Any(Ident, Punctuated<Self, Token![,]>),
}

impl Parse for Access {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        if let Ok(word) = ahead.parse::<Ident>()
            && (word == "all" || word == "any")
            && ahead.peek(syn::token::Paren)
        {
            let word: Ident = input.parse()?;
            let inside;
            parenthesized!(inside in input);
            let parts = inside.parse_terminated(Self::parse, Token![,])?;
            return match parts.len() {
                0 => Err(syn::Error::new(word.span(), format!("`{word}(…)` needs at least one policy"))),
                _ if word == "all" => Ok(Self::All(word, parts)),
                _ => Ok(Self::Any(word, parts)),
            };
        }
        // `Can<Read, Note>` reads as two comparisons: types with arguments are tried first.
        let ahead = input.fork();
        if let Ok(kind) = ahead.parse::<Type>()
            && has_arguments(&kind)
            && (ahead.is_empty() || ahead.peek(Token![,]))
        {
            input.advance_to(&ahead);
            return Ok(Self::Type(kind));
        }
        let value: Expr = input.parse()?;
        if let Expr::Lit(literal) = &value {
            return Err(syn::Error::new(
                literal.span(),
                "a policy is not a literal: name a role (`Role::User`), a permission, `Authenticated`, `Public(\"reason\")` or `Can<Action, Resource>`",
            ));
        }
        Ok(Self::Value(value))
    }
}

impl Access {
    /// The first token.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Type(kind) => kind.span(),
            Self::Value(value) => value.span(),
            Self::All(word, _) | Self::Any(word, _) => word.span(),
        }
    }

    /// A constant expression of type `Guard<K, O>`; the compiler finds out whose roles it names, and which object.
    pub(crate) fn guard(&self) -> TokenStream {
        match self {
            Self::Type(kind) => quote_spanned!(kind.span()=> <#kind as __private::GuardType>::GUARD),
            Self::Value(value) => quote_spanned!(value.span()=> (#value).guard()),
            Self::All(word, parts) => join(&Ident::new("and", word.span()), parts),
            Self::Any(word, parts) => join(&Ident::new("or", word.span()), parts),
        }
    }
}

fn join(operator: &Ident, parts: &Punctuated<Access, Token![,]>) -> TokenStream {
    let both = |left, right| quote_spanned!(operator.span()=> __private::Guard::#operator(#left, #right));
    parts.iter().map(Access::guard).reduce(both).unwrap_or_default()
}

fn has_arguments(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path
        .segments
        .last()
        .is_some_and(|last| matches!(&last.arguments, syn::PathArguments::AngleBracketed(list) if list.colon2_token.is_none()))
}
