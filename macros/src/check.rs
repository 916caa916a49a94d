//! `#[check(…)]` on a field of an input: one set of rules for the runtime check and for the JSON Schema.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Ident, Lit, LitInt, LitStr, Path, Token, Type, parenthesized};

use crate::kind::{element, is_map, is_option};

/// The rules of one field.
#[derive(Default)]
pub(crate) struct Checks {
    rules: Vec<Rule>,
}

pub(crate) enum Rule {
    Length(usize, usize),
    Items(usize, usize),
    Inner(Vec<Self>),
    Range(Box<(Option<Expr>, Option<Expr>)>),
    Pattern(LitStr),
    Email,
    Url,
    Custom(Path),
    Unbounded,
}

impl Checks {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut checks = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("check")) {
            checks.rules.extend(attribute.parse_args_with(Punctuated::<Rule, Token![,]>::parse_terminated)?);
        }
        Ok(checks)
    }

    /// Statements that run the rules on `value: &Type` with `at` and `failures` in scope.
    pub(crate) fn statements(&self, kind: &Type) -> TokenStream {
        let has_inner = self.rules.iter().any(|rule| matches!(rule, Rule::Inner(_)));
        let own = if self.has_items() && !has_inner {
            let span = element(kind).unwrap_or(kind).span().resolved_at(Span::call_site());
            quote_spanned! {span=>
                for (place, item) in p::ItemCount::items(value) {
                    at.step(place, |at| p::CheckField::check_field(item, at, failures));
                }
            }
        } else if self.is_bounded() {
            TokenStream::new()
        } else {
            quote!(<#kind as p::CheckField>::check_field(value, at, failures);)
        };
        statements(&self.rules, kind, &own)
    }

    /// What a field may hold at most while it is read, if the rules say so.
    pub(crate) fn bound(&self, kind: &Type) -> Option<TokenStream> {
        bound(&self.rules, Some(kind))
    }

    /// The type whose own checks these rules leave the field to: the field's, or that of its items.
    pub(crate) fn checked_by_type<'a>(&self, kind: &'a Type) -> Option<&'a Type> {
        if self.has_items() && !self.rules.iter().any(|rule| matches!(rule, Rule::Inner(_))) {
            return element(kind);
        }
        (!self.is_bounded()).then_some(kind)
    }

    /// An expression that looks for failing fields inside a `value: &Value` that could not be read, if the type could have any.
    pub(crate) fn deeper(&self, kind: &Type) -> Option<TokenStream> {
        let inner = self.checked_by_type(kind).map(|inner| {
            if self.has_items() {
                quote!(p::diagnose_items::<#inner>(value, at, failures))
            } else {
                quote!(<#inner as p::CheckField>::diagnose_field(value, at, failures))
            }
        });
        let bound = self.bound(kind).map(|bound| quote!(p::Bound::diagnose(#bound, value, at, failures)));
        match (bound, inner) {
            (Some(bound), Some(inner)) => Some(quote!(#bound || #inner)),
            (bound, inner) => bound.or(inner),
        }
    }

    /// The same rules for the JSON Schema.
    pub(crate) fn schema(&self, kind: &Type) -> TokenStream {
        if is_map(kind) {
            return self.schema_of_map();
        }
        let rules: Vec<_> = self.rules.iter().filter_map(Rule::schema).collect();
        if rules.is_empty() { TokenStream::new() } else { quote!(#[schemars(#(#rules),*)]) }
    }

    /// Maps have properties where lists have items; schemars has no words for them.
    fn schema_of_map(&self) -> TokenStream {
        let bounds = self.rules.iter().find_map(|rule| if let Rule::Items(min, max) = rule { Some((min, max)) } else { None });
        let Some((min, max)) = bounds else { return TokenStream::new() };
        let inner = self.rules.iter().filter_map(|rule| if let Rule::Inner(rules) = rule { Some(rules) } else { None }).flatten();
        let entry = inner.flat_map(Rule::keywords).map(|(name, value)| quote!((#name, ::portcullis::__private::Value::from(#value))));
        quote! {
            #[schemars(transform = |schema: &mut ::portcullis::__private::schemars::Schema| {
                ::portcullis::__private::describe_map(schema, (#min, #max), &[#(#entry),*]);
            })]
        }
    }

    fn has_items(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Items(..)))
    }

    fn is_bounded(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Length(..) | Rule::Items(..) | Rule::Email | Rule::Url | Rule::Unbounded))
    }
}

/// Runs what bounds the value first: what is beyond a bound is looked at by nothing else.
fn statements(rules: &[Rule], kind: &Type, own: &TokenStream) -> TokenStream {
    let (bounds, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.is_bound());
    let bounds: Vec<_> = bounds.iter().map(|rule| rule.statement(kind)).collect();
    let others: Vec<_> = others.iter().map(|rule| rule.statement(kind)).collect();
    if bounds.is_empty() || (others.is_empty() && own.is_empty()) {
        return quote!(#(#bounds;)* #(#others)* #own);
    }
    quote!(if #(#bounds)&* { #(#others)* #own })
}

fn bound(rules: &[Rule], kind: Option<&Type>) -> Option<TokenStream> {
    let inner = rules.iter().find_map(|rule| if let Rule::Inner(rules) = rule { Some(rules) } else { None });
    rules.iter().find_map(|rule| match rule {
        Rule::Items(_, max) => {
            let each = inner.and_then(|rules| bound(rules, kind.and_then(element))).unwrap_or_else(|| quote!(p::Unbounded));
            Some(quote!(p::ListOf::new(#max, #each)))
        }
        Rule::Length(_, max) => {
            let kind = kind?;
            let span = kind.span().resolved_at(Span::call_site());
            Some(quote_spanned!(span=> p::TextOf::new(#max, p::Probe::<#kind>::text_bytes(#max))))
        }
        Rule::Inner(_) | Rule::Range(_) | Rule::Pattern(_) | Rule::Email | Rule::Url | Rule::Custom(_) | Rule::Unbounded => None,
    })
}

impl Rule {
    /// Whether it says how much there may be.
    const fn is_bound(&self) -> bool {
        matches!(self, Self::Length(..) | Self::Items(..) | Self::Email | Self::Url)
    }

    /// A bound is an expression, `false` when the value is beyond it; every other rule is a statement.
    ///
    /// Errors about the type of the field are reported at the type.
    fn statement(&self, kind: &Type) -> TokenStream {
        let span = kind.span().resolved_at(Span::call_site());
        match self {
            Self::Length(min, max) => quote_spanned!(span=> p::rules::length(value, #min, #max, at, failures)),
            Self::Items(min, max) => quote_spanned!(span=> p::rules::items(value, #min, #max, at, failures)),
            Self::Inner(rules) => {
                let inner = statements(rules, element(kind).unwrap_or(kind), &TokenStream::new());
                quote_spanned! {span=>
                    for (place, value) in p::ItemCount::items(value) {
                        at.step(place, |at| { #inner });
                    }
                }
            }
            Self::Range(bounds) => {
                let (min, max) = &**bounds;
                let (min, max) = (option(min.as_ref()), option(max.as_ref()));
                if is_option(kind) {
                    quote_spanned!(span=> if let Some(value) = value { p::rules::range(value, #min, #max, at, failures); })
                } else {
                    quote_spanned!(span=> p::rules::range(value, #min, #max, at, failures);)
                }
            }
            Self::Pattern(pattern) => quote_spanned! {span=> {
                static PATTERN: p::Pattern = p::Pattern::new();
                p::rules::pattern(value, &PATTERN, #pattern, at, failures);
            }},
            Self::Email => quote_spanned!(span=> p::rules::email(value, at, failures)),
            Self::Url => quote_spanned!(span=> p::rules::url(value, at, failures)),
            Self::Custom(function) => quote_spanned!(span=> p::rules::custom(value, #function, at, failures);),
            Self::Unbounded => TokenStream::new(),
        }
    }
}

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "length" => {
                bounds(input, true).and_then(|(min, max)| whole(&word, min.as_ref(), max.as_ref()).map(|(min, max)| Self::Length(min, max)))
            }
            "items" => {
                bounds(input, false).and_then(|(min, max)| whole(&word, min.as_ref(), max.as_ref()).map(|(min, max)| Self::Items(min, max)))
            }
            "range" => bounds(input, false).map(|bounds| Self::Range(Box::new(bounds))),
            "inner" => {
                let inside;
                parenthesized!(inside in input);
                Ok(Self::Inner(inside.parse_terminated(Self::parse, Token![,])?.into_iter().collect()))
            }
            "pattern" => {
                let inside;
                parenthesized!(inside in input);
                inside.parse().map(Self::Pattern)
            }
            "custom" => {
                let inside;
                parenthesized!(inside in input);
                inside.parse().map(Self::Custom)
            }
            "email" => Ok(Self::Email),
            "url" => Ok(Self::Url),
            "unbounded" => {
                input.parse::<Token![=]>()?;
                let reason: LitStr = input.parse()?;
                if reason.value().trim().is_empty() {
                    return Err(syn::Error::new(reason.span(), "say why, in words"));
                }
                Ok(Self::Unbounded)
            }
            _ => Err(syn::Error::new(
                word.span(),
                "unknown check: there are `length`, `items`, `inner`, `range`, `pattern`, `email`, `url`, `custom` and `unbounded`",
            )),
        }
    }
}

type Bounds = (Option<Expr>, Option<Expr>);

fn bounds(input: ParseStream<'_>, is_text: bool) -> syn::Result<Bounds> {
    let inside;
    parenthesized!(inside in input);
    let (mut min, mut max) = (None, None);
    while !inside.is_empty() {
        let word: Ident = inside.parse()?;
        if word == "min" || word == "max" {
            inside.parse::<Token![=]>()?;
            let value: Expr = inside.parse()?;
            *(if word == "min" { &mut min } else { &mut max }) = Some(value);
        } else if !(is_text && word == "chars") {
            return Err(syn::Error::new(word.span(), "bounds are `min = …` and `max = …`"));
        }
        if !inside.is_empty() {
            inside.parse::<Token![,]>()?;
        }
    }
    Ok((min, max))
}

/// Lengths and counts are literals, and an upper bound is what they are for.
fn whole(word: &Ident, min: Option<&Expr>, max: Option<&Expr>) -> syn::Result<(usize, usize)> {
    let number = |expression: &Expr| match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => LitInt::base10_parse::<usize>(number),
            _ => Err(syn::Error::new(literal.lit.span(), "a whole number is expected")),
        },
        _ => Err(syn::Error::new(word.span(), "a whole number is expected")),
    };
    let Some(max) = max else {
        return Err(syn::Error::new(word.span(), "an upper bound is needed: `max = …`"));
    };
    Ok((min.map_or(Ok(0), number)?, number(max)?))
}

fn option(bound: Option<&Expr>) -> TokenStream {
    bound.map_or_else(|| quote!(None), |bound| quote!(Some(#bound)))
}
