//! `#[check(…)]` on a field of an input: one set of rules for the runtime check and for the JSON Schema.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, GenericArgument, Ident, Lit, LitInt, LitStr, Path, PathArguments, Token, Type, parenthesized};

/// The rules of one field.
#[derive(Default)]
pub(crate) struct Checks {
    rules: Vec<Rule>,
}

enum Rule {
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
        let rules = self.rules.iter().map(|rule| rule.statement(kind));
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
        quote!(#(#rules)* #own)
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
        let inner = self.checked_by_type(kind)?;
        Some(if self.has_items() {
            quote!(p::diagnose_items::<#inner>(value, at, failures))
        } else {
            quote!(<#inner as p::CheckField>::diagnose_field(value, at, failures))
        })
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

impl Rule {
    /// Errors about the type of the field are reported at the type.
    fn statement(&self, kind: &Type) -> TokenStream {
        let span = kind.span().resolved_at(Span::call_site());
        match self {
            Self::Length(min, max) => quote_spanned!(span=> p::rules::length(value, #min, #max, at, failures);),
            Self::Items(min, max) => quote_spanned!(span=> p::rules::items(value, #min, #max, at, failures);),
            Self::Inner(rules) => {
                let inner = rules.iter().map(|rule| rule.statement(element(kind).unwrap_or(kind)));
                quote_spanned! {span=>
                    for (place, value) in p::ItemCount::items(value) {
                        at.step(place, |at| { #(#inner)* });
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
            Self::Email => quote_spanned!(span=> p::rules::email(value, at, failures);),
            Self::Url => quote_spanned!(span=> p::rules::url(value, at, failures);),
            Self::Custom(function) => quote_spanned!(span=> p::rules::custom(value, #function, at, failures);),
            Self::Unbounded => TokenStream::new(),
        }
    }

    /// The rule in the words of JSON Schema.
    fn keywords(&self) -> Vec<(&'static str, TokenStream)> {
        match self {
            Self::Length(min, max) => vec![("minLength", quote!(#min)), ("maxLength", quote!(#max))],
            Self::Items(min, max) => vec![("minItems", quote!(#min)), ("maxItems", quote!(#max))],
            Self::Range(bounds) => {
                let (min, max) = &**bounds;
                let minimum = min.as_ref().map(|min| ("minimum", quote!(#min)));
                minimum.into_iter().chain(max.as_ref().map(|max| ("maximum", quote!(#max)))).collect()
            }
            Self::Pattern(pattern) => vec![("pattern", quote!(#pattern))],
            Self::Email => vec![("format", quote!("email"))],
            Self::Url => vec![("format", quote!("uri"))],
            Self::Inner(_) | Self::Custom(_) | Self::Unbounded => Vec::new(),
        }
    }

    fn schema(&self) -> Option<TokenStream> {
        Some(match self {
            Self::Length(min, max) | Self::Items(min, max) => {
                if *min == 0 {
                    quote!(length(max = #max))
                } else {
                    quote!(length(min = #min, max = #max))
                }
            }
            Self::Inner(rules) => {
                let inner: Vec<_> = rules.iter().filter_map(Self::schema).collect();
                quote!(inner(#(#inner),*))
            }
            Self::Range(bounds) => {
                let (min, max) = &**bounds;
                let parts = [min.as_ref().map(|min| quote!(min = #min)), max.as_ref().map(|max| quote!(max = #max))];
                let parts = parts.iter().flatten();
                quote!(range(#(#parts),*))
            }
            Self::Pattern(pattern) => quote!(regex(pattern = #pattern)),
            Self::Email => quote!(email),
            Self::Url => quote!(url),
            Self::Custom(_) | Self::Unbounded => return None,
        })
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

fn is_option(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// Whether the type, or what its `Option` holds, is a map.
fn is_map(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|last| match &last.arguments {
        PathArguments::AngleBracketed(list) if last.ident == "Option" => {
            list.args.iter().any(|argument| matches!(argument, GenericArgument::Type(inner) if is_map(inner)))
        }
        _ => last.ident == "HashMap" || last.ident == "BTreeMap",
    })
}

/// The last type argument: what a list holds.
fn element(kind: &Type) -> Option<&Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let inner = arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })?;
    if last.ident == "Option" { element(inner) } else { Some(inner) }
}
