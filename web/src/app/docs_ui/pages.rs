use std::fmt;

use askama::Template;
use http::HeaderValue;

/// The content security policy of the documentation pages, without a nonce.
pub(crate) const DOCS_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// One answer's proof that a style element was made by the page itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// Makes it from fresh random bytes: 16, as [CSP](https://www.w3.org/TR/CSP3/#security-nonces) asks for at least.
    pub(crate) fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

/// The page at `/docs`: Swagger UI, which can log in and try calls.
pub(crate) fn swagger_page(title: &str) -> String {
    rendered(&SwaggerPage { title, page: TRY })
}

/// The page at `/redoc`: `ReDoc`, to read. Answer it with [`redoc_csp`] of the same nonce.
pub(crate) fn redoc_page(title: &str, nonce: &Nonce) -> String {
    rendered(&RedocPage { title, page: REFERENCE, nonce: &nonce.0 })
}

/// [`DOCS_CSP`] plus the nonce for the style elements that `ReDoc` makes.
pub(crate) fn redoc_csp(nonce: &Nonce) -> HeaderValue {
    let policy = DOCS_CSP.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{}'", nonce.0));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(DOCS_CSP))
}

/// Writing to a `String` cannot fail, so neither can these templates.
fn rendered(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "docs/swagger.html")]
struct SwaggerPage<'a> {
    title: &'a str,
    page: &'static str,
}

#[derive(Template)]
#[template(path = "docs/redoc.html")]
struct RedocPage<'a> {
    title: &'a str,
    page: &'static str,
    nonce: &'a str,
}

const TRY: &str = "try the API";
const REFERENCE: &str = "reference";
