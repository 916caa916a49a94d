//! One rule of `#[check(…)]`: what it says, read and held against itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Lit, LitInt, LitStr, Path, Token, UnOp, parenthesized};

use crate::check::Checks;
use crate::word::says_why;

/// One rule.
pub(crate) enum Rule {
    Length(usize, usize),
    Items(usize, usize),
    Inner(Checks),
    Range(Box<Bounds>),
    Pattern(LitStr),
    Email,
    Url,
    Custom(Path),
    Unbounded(LitStr),
}

/// The bounds of a number.
#[derive(Default)]
pub(crate) struct Bounds {
    pub(crate) min: Option<Expr>,
    pub(crate) max: Option<Expr>,
}

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "length" => Bounds::read(input, true)?.whole(&word).map(|(min, max)| Self::Length(min, max)),
            "items" => Bounds::read(input, false)?.whole(&word).map(|(min, max)| Self::Items(min, max)),
            "range" => {
                let bounds = Bounds::read(input, false)?;
                if bounds.min.is_none() && bounds.max.is_none() {
                    return Err(syn::Error::new(word.span(), "a range has a bound: `min = …` or `max = …`"));
                }
                bounds.are_in_order()?;
                Ok(Self::Range(Box::new(bounds)))
            }
            "inner" => {
                let inside;
                parenthesized!(inside in input);
                Checks::parse(&inside).map(Self::Inner)
            }
            "pattern" => {
                let inside;
                parenthesized!(inside in input);
                let pattern: LitStr = inside.parse()?;
                compiles(&pattern)?;
                Ok(Self::Pattern(pattern))
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
                says_why(&reason)?;
                Ok(Self::Unbounded(reason))
            }
            _ => Err(syn::Error::new(
                word.span(),
                "unknown check: there are `length`, `items`, `inner`, `range`, `pattern`, `email`, `url`, `custom` and `unbounded`",
            )),
        }
    }
}

impl Bounds {
    fn read(input: ParseStream<'_>, is_text: bool) -> syn::Result<Self> {
        let inside;
        parenthesized!(inside in input);
        let mut bounds = Self::default();
        while !inside.is_empty() {
            let word: Ident = inside.parse()?;
            if word == "min" || word == "max" {
                inside.parse::<Token![=]>()?;
                let value: Expr = inside.parse()?;
                let place = if word == "min" { &mut bounds.min } else { &mut bounds.max };
                if place.replace(value).is_some() {
                    return Err(syn::Error::new(word.span(), format_args!("`{word}` stands twice")));
                }
            } else if !(is_text && word == "chars") {
                return Err(syn::Error::new(word.span(), "bounds are `min = …` and `max = …`"));
            }
            if !inside.is_empty() {
                inside.parse::<Token![,]>()?;
            }
        }
        Ok(bounds)
    }

    /// Lengths and counts are literals, and an upper bound is what they are for.
    fn whole(&self, word: &Ident) -> syn::Result<(usize, usize)> {
        let number = |expression: &Expr| match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => LitInt::base10_parse::<usize>(number),
                _ => Err(syn::Error::new(literal.lit.span(), "a whole number is expected")),
            },
            _ => Err(syn::Error::new(word.span(), "a whole number is expected")),
        };
        let Some(max) = &self.max else {
            return Err(syn::Error::new(word.span(), "an upper bound is needed: `max = …`"));
        };
        self.are_in_order()?;
        Ok((self.min.as_ref().map_or(Ok(0), number)?, number(max)?))
    }

    /// Bounds that nothing can lie between are a slip.
    fn are_in_order(&self) -> syn::Result<()> {
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && let (Some(least), Some(greatest)) = (Number::of(min), Number::of(max))
            && greatest.is_below(least)
        {
            return Err(syn::Error::new(min.span(), "nothing lies between these bounds: `min` is greater than `max`"));
        }
        Ok(())
    }

    /// Constants that stop the compiler where it alone knows a bound: beyond the other one, or not a number, which nothing is equal to.
    pub(crate) fn constants(&self, is_fraction: bool) -> TokenStream {
        let in_words = |bound: &&Expr| Number::of(bound).is_none();
        let fractions = self.min.iter().chain(&self.max).filter(|_| is_fraction).filter(in_words);
        let numbers = fractions.map(|bound| {
            quote_spanned! {bound.span()=>
                #[allow(clippy::assertions_on_constants, clippy::eq_op, clippy::float_cmp)]
                const _: () = assert!(#bound == #bound, "a bound is a number");
            }
        });
        let order = match (&self.min, &self.max) {
            (Some(min), Some(max)) if in_words(&min) || in_words(&max) => {
                let message = "nothing lies between these bounds: `min` is greater than `max`";
                quote_spanned!(min.span()=> const _: () = assert!(#min <= #max, #message);)
            }
            _ => TokenStream::new(),
        };
        quote!(#(#numbers)* #order)
    }

    /// Whether zero lies outside.
    pub(crate) fn exclude_zero(&self) -> bool {
        let zero = Number::Whole(0);
        let number = |bound: &Option<Expr>| bound.as_ref().and_then(Number::of);
        number(&self.min).is_some_and(|min| zero.is_below(min)) || number(&self.max).is_some_and(|max| max.is_below(zero))
    }
}

/// A number that is written out.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Fraction(f64),
}

impl Number {
    fn of(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => number.base10_parse().ok().map(Self::Whole),
                Lit::Float(number) => number.base10_parse().ok().map(Self::Fraction),
                _ => None,
            },
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match Self::of(&unary.expr)? {
                Self::Whole(number) => Some(Self::Whole(-number)),
                Self::Fraction(number) => Some(Self::Fraction(-number)),
            },
            Expr::Paren(inside) => Self::of(&inside.expr),
            Expr::Group(inside) => Self::of(&inside.expr),
            _ => None,
        }
    }

    fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(own), Self::Whole(other)) => own < other,
            (own, other) => own.fraction() < other.fraction(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest fraction is near enough")]
    const fn fraction(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Fraction(number) => number,
        }
    }
}

/// Compiles the pattern with the grammar and the size limit that it meets at run time, which reads texts from both ends.
fn compiles(pattern: &LitStr) -> syn::Result<()> {
    let limit = thompson::Config::new().nfa_size_limit(Some(MOST_BYTES));
    let build = |limit| match thompson::Compiler::new().configure(limit).build(&pattern.value()) {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let why = why.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("").trim().trim_start_matches("error: ").to_owned();
            Err(syn::Error::new(pattern.span(), format_args!("this is not a regular expression: {why}")))
        }
    };
    build(limit.clone())?;
    build(limit.reverse(true).which_captures(WhichCaptures::None))
}

/// The limit of the `regex` crate.
const MOST_BYTES: usize = 10 * (1 << 20);
