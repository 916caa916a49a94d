use std::collections::BTreeMap;
use std::fmt;

use portcullis_core::Secret;

use super::argument::{Argument, Kind, Nothing};
use super::body::read_body;
use super::call::Call;
use super::query::refuse_pairs;
use crate::app::OperationDoc;
use crate::respond::Problem;

/// The form of an OAuth endpoint: unknown parameters are ignored, repeated ones refused, empty ones taken as absent
/// ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
///
/// OAuth endpoints are the written exception to the rule that unknown fields are refused; a malformed request is answered in the form
/// of [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
pub struct OAuthForm(BTreeMap<String, Secret>);

impl OAuthForm {
    /// A parameter, unless it is absent or empty.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose).filter(|value| !value.is_empty())
    }

    fn parse(body: &[u8]) -> Result<Self, &'static str> {
        refuse_pairs(body).map_err(|_| "The form has too many parameters")?;
        let text = percent_encoding::percent_decode(body).decode_utf8();
        let pairs = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body);
        let (Ok(_), Ok(pairs)) = (text, pairs) else {
            return Err("The form is not readable");
        };
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.insert(name, Secret::new(value)).is_some() {
                return Err("A parameter stands more than once");
            }
        }
        Ok(Self(parameters))
    }
}

#[diagnostic::do_not_recommend]
impl Argument for OAuthForm {
    const KIND: Kind = Kind::Body;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.oauth_request_body();
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        call.require_content_type("application/x-www-form-urlencoded")?;
        let body = read_body(call).await?;
        Self::parse(&body).map_err(|detail| Problem::oauth("invalid_request", detail))
    }
}

impl fmt::Debug for OAuthForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_before_they_are_decoded() {
        assert_eq!(OAuthForm::parse(b"scope=a&x=&y").unwrap().one("scope"), Some("a"));
        for many in ["a=b&".repeat(300), "&".repeat(8000)] {
            assert_eq!(OAuthForm::parse(many.as_bytes()).unwrap_err(), "The form has too many parameters");
        }
    }
}
