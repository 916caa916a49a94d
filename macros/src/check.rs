//! `#[check(…)]` on a field of an input: one set of rules for the runtime check and for the JSON Schema.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse as _, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Token, Type};

use crate::kind::{element, is_fraction, is_map, is_option};
use crate::rule::Rule;

/// The rules of one field, or of the items in it.
#[derive(Default)]
pub(crate) struct Checks {
    pub(crate) rules: Vec<Rule>,
}

impl Checks {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut checks = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("check")) {
            checks.rules.extend(attribute.parse_args_with(Self::parse)?.rules);
        }
        Ok(checks)
    }

    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { rules: Punctuated::<Rule, Token![,]>::parse_terminated_with(input, Rule::parse)?.into_iter().collect() })
    }

    /// Statements that run the rules on `value: &Type` with `at` and `failures` in scope, and the checks of the type itself unless a rule
    /// bounds it. Items are checked in the same way: by the rules in `inner(…)`, and by their type unless one of those bounds them.
    pub(crate) fn statements(&self, kind: &Type) -> TokenStream {
        let by_type = quote!(<#kind as __private::CheckField>::check_field(value, at, failures););
        self.body(Some(kind), kind.span(), &by_type)
    }

    fn body(&self, kind: Option<&Type>, span: Span, by_type: &TokenStream) -> TokenStream {
        let is_optional = kind.is_some_and(is_option);
        let here = span.resolved_at(Span::call_site());
        let (bounds, others): (Vec<_>, Vec<_>) = self.rules.iter().partition(|rule| rule.is_bound());
        let bounds: Vec<_> = bounds.iter().map(|rule| rule.statement(here, is_optional)).collect();
        let others: Vec<_> = others.iter().map(|rule| rule.statement(here, is_optional)).collect();
        let (inner, none) = (self.inner(), Self::default());
        let items = (self.has_items() || inner.is_some()).then(|| {
            let item = kind.and_then(element);
            let span = item.map_or(span, Type::span);
            let here = span.resolved_at(Span::call_site());
            let by_type = quote_spanned!(here=> __private::CheckField::check_field(value, at, failures););
            let body = inner.unwrap_or(&none).body(item, span, &by_type);
            quote_spanned! {here=>
                for (place, value) in __private::ItemCount::items(value) {
                    at.step(place, |at| { #body });
                }
            }
        });
        let own = (!self.is_bounded()).then_some(by_type);
        let rest = quote!(#(#others)* #items #own);
        // What is beyond a bound is looked at by nothing else.
        if bounds.is_empty() || rest.is_empty() { quote!(#(#bounds;)* #rest) } else { quote!(if #(#bounds)&* { #rest }) }
    }

    /// The type whose own checks these rules leave the field to: the field's, or that of its items.
    pub(crate) fn checked_by_type<'a>(&self, kind: &'a Type) -> Option<&'a Type> {
        if self.has_items() {
            let item = element(kind)?;
            return self.inner().map_or(Some(item), |inner| inner.checked_by_type(item));
        }
        (!self.is_bounded()).then_some(kind)
    }

    /// What a field may hold at most while it is read, if the rules say so.
    pub(crate) fn bound(&self, kind: &Type) -> Option<TokenStream> {
        self.bound_of(Some(kind))
    }

    fn bound_of(&self, kind: Option<&Type>) -> Option<TokenStream> {
        self.rules.iter().find_map(|rule| match rule {
            Rule::Items(_, max) => {
                let each =
                    self.inner().and_then(|inner| inner.bound_of(kind.and_then(element))).unwrap_or_else(|| quote!(__private::Unbounded));
                Some(quote!(__private::ListOf::new(#max, #each)))
            }
            Rule::Length(_, max) => {
                let kind = kind?;
                let span = kind.span().resolved_at(Span::call_site());
                Some(quote_spanned!(span=> __private::TextOf::new(#max, __private::Probe::<#kind>::text_bytes(#max))))
            }
            Rule::Inner(_) | Rule::Range(_) | Rule::Pattern(_) | Rule::Email | Rule::Url | Rule::Custom(_) | Rule::Unbounded(_) => None,
        })
    }

    /// An expression that looks for failing fields inside a `value: &Value` that could not be read, if the type could have any.
    pub(crate) fn deeper(&self, kind: &Type) -> Option<TokenStream> {
        let by_type = self.checked_by_type(kind).filter(|_| self.inner().is_none());
        let inner = by_type.map(|inner| {
            if self.has_items() {
                quote!(__private::diagnose_items::<#inner>(value, at, failures))
            } else {
                quote!(<#inner as __private::CheckField>::diagnose_field(value, at, failures))
            }
        });
        let bound = self.bound(kind).map(|bound| quote!(__private::Bound::diagnose(#bound, value, at, failures)));
        match (bound, inner) {
            (Some(bound), Some(inner)) => Some(quote!(#bound || #inner)),
            (bound, inner) => bound.or(inner),
        }
    }

    /// Constants that stop the compiler where bounds that only it knows are the wrong way round.
    pub(crate) fn constants(&self, kind: &Type) -> TokenStream {
        let constants = self.rules.iter().map(|rule| match rule {
            Rule::Inner(checks) => checks.constants(kind),
            Rule::Range(bounds) => bounds.constants(is_fraction(kind)),
            _ => TokenStream::new(),
        });
        constants.collect()
    }

    /// Why the value that `Default` makes of the type fails these rules, if it does.
    pub(crate) fn refuses_default(&self, kind: &Type) -> Option<&'static str> {
        if is_option(kind) {
            return None;
        }
        self.rules.iter().find_map(|rule| match rule {
            Rule::Range(bounds) if bounds.exclude_zero() => {
                Some("the default is 0, which is outside of the range: name a function, `default = \"…\"`")
            }
            Rule::Length(min, _) if *min > 0 => Some("the default is empty, which is too short: name a function, `default = \"…\"`"),
            Rule::Items(min, _) if *min > 0 => Some("the default is empty, which is too few: name a function, `default = \"…\"`"),
            Rule::Email | Rule::Url => Some("the default is empty, which isn't an address: take an `Option`"),
            _ => None,
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
        let inner = self.inner().into_iter().flat_map(|inner| &inner.rules);
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

    fn inner(&self) -> Option<&Self> {
        self.rules.iter().find_map(|rule| if let Rule::Inner(inner) = rule { Some(inner) } else { None })
    }

    fn is_bounded(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Length(..) | Rule::Items(..) | Rule::Email | Rule::Url | Rule::Unbounded(_)))
    }
}

impl Rule {
    /// Whether it says how much there may be.
    const fn is_bound(&self) -> bool {
        matches!(self, Self::Length(..) | Self::Items(..) | Self::Email | Self::Url)
    }

    /// A bound is an expression, `false` when the value is beyond it; every other rule is a statement.
    ///
    /// Errors about the type of the field are reported at the type.
    fn statement(&self, span: Span, is_optional: bool) -> TokenStream {
        match self {
            Self::Length(min, max) => quote_spanned!(span=> __private::rules::length(value, #min, #max, at, failures)),
            Self::Items(min, max) => quote_spanned!(span=> __private::rules::items(value, #min, #max, at, failures)),
            Self::Range(bounds) => {
                let (min, max) = (option(bounds.min.as_ref()), option(bounds.max.as_ref()));
                if is_optional {
                    quote_spanned!(span=> if let Some(value) = value { __private::rules::range(value, #min, #max, at, failures); })
                } else {
                    quote_spanned!(span=> __private::rules::range(value, #min, #max, at, failures);)
                }
            }
            Self::Pattern(pattern) => quote_spanned! {span=> {
                static PATTERN: __private::Pattern = __private::Pattern::new();
                __private::rules::pattern(value, &PATTERN, #pattern, at, failures);
            }},
            Self::Email => quote_spanned!(span=> __private::rules::email(value, at, failures)),
            Self::Url => quote_spanned!(span=> __private::rules::url(value, at, failures)),
            Self::Custom(function) => quote_spanned!(span=> __private::rules::custom(value, #function, at, failures);),
            Self::Inner(_) | Self::Unbounded(_) => TokenStream::new(),
        }
    }
}

fn option(bound: Option<&Expr>) -> TokenStream {
    bound.map_or_else(|| quote!(None), |bound| quote!(Some(#bound)))
}
