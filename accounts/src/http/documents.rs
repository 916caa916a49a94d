//! Documents for programs: keys, metadata, contact, style.

use std::time::Duration;

use http::{HeaderValue, header};
use portcullis_web::app::OperationDoc;
use portcullis_web::respond::{Answer, Text};
use portcullis_web::{Body, Response};
use serde_json::{Value, json};

use crate::keys::KeyRing;
use crate::secrets::digest;
use crate::service::AccountService;

/// A JWK set.
pub(crate) struct Jwks(Value);

/// Authorization server metadata ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414#section-2)).
pub(crate) struct Metadata(Value);

/// A `security.txt` ([RFC 9116](https://www.rfc-editor.org/rfc/rfc9116)).
pub(crate) struct SecurityTxt(String);

/// The style of the pages.
#[derive(Debug)]
pub(crate) struct Stylesheet;

pub(crate) fn jwks(accounts: &AccountService) -> Jwks {
    Jwks(accounts.keys().jwks())
}

/// Names only what is there: a client that believes it is never disappointed.
pub(crate) fn metadata(accounts: &AccountService) -> Metadata {
    let url = accounts.public_url();
    let grants: &[&str] = if accounts.settings().password_grant { &["password", "refresh_token"] } else { &["refresh_token"] };
    Metadata(json!({
        "issuer": url,
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "grant_types_supported": grants,
        "response_types_supported": [],
        "scopes_supported": accounts.scopes().iter().map(|scope| scope.name).collect::<Vec<_>>(),
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}

pub(crate) fn security_txt(accounts: &AccountService) -> SecurityTxt {
    let mut text = String::new();
    for contact in &accounts.settings().security_contacts {
        text.push_str(&format!("Contact: {contact}\n"));
    }
    let expires = accounts.now() + VALID;
    text.push_str(&format!("Expires: {expires}\nCanonical: {}/.well-known/security.txt\n", accounts.public_url()));
    SecurityTxt(text)
}

impl portcullis_web::__private::AnswerSeal for Jwks {}
impl Answer for Jwks {
    fn describe(operation: &mut OperationDoc<'_>) {
        let key = json!({"type": "object", "required": ["kty", "kid", "alg", "use"], "properties": {
            "kty": {"type": "string"}, "kid": {"type": "string"}, "alg": {"type": "string"}, "use": {"type": "string"}
        }});
        let schema = json!({"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "items": key}}});
        operation.response(200, json!({"description": "The public keys.", "content": {"application/json": {"schema": schema}}}));
        operation.entity_tag(200);
    }

    fn into_answer(self) -> Response {
        cached(self.0.to_string(), "application/json", KeyRing::cache_seconds())
    }
}

impl portcullis_web::__private::AnswerSeal for Metadata {}
impl Answer for Metadata {
    fn describe(operation: &mut OperationDoc<'_>) {
        let text = json!({"type": "string"});
        let texts = json!({"type": "array", "items": text});
        let schema = json!({
            "type": "object",
            "required": ["issuer", "token_endpoint", "jwks_uri", "grant_types_supported", "response_types_supported"],
            "properties": {
                "issuer": text, "token_endpoint": text, "jwks_uri": text, "grant_types_supported": texts,
                "response_types_supported": texts, "scopes_supported": texts, "token_endpoint_auth_methods_supported": texts
            }
        });
        operation.response(200, json!({"description": "The metadata.", "content": {"application/json": {"schema": schema}}}));
        operation.entity_tag(200);
    }

    fn into_answer(self) -> Response {
        cached(self.0.to_string(), "application/json", KeyRing::cache_seconds())
    }
}

impl portcullis_web::__private::AnswerSeal for SecurityTxt {}
impl Answer for SecurityTxt {
    fn describe(operation: &mut OperationDoc<'_>) {
        Text::describe(operation);
    }

    fn into_answer(self) -> Response {
        Text(self.0.into()).into_answer()
    }
}

impl portcullis_web::__private::AnswerSeal for Stylesheet {}
impl Answer for Stylesheet {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.text_response(200, "A style sheet.", "text/css");
        operation.entity_tag(200);
    }

    fn into_answer(self) -> Response {
        cached(STYLE.to_owned(), "text/css; charset=utf-8", 3600)
    }
}

fn cached(body: String, content_type: &'static str, seconds: u64) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", digest(&body)));
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let (Ok(tag), Ok(cache)) = (tag, HeaderValue::from_str(&format!("public, max-age={seconds}"))) {
        headers.insert(header::ETAG, tag);
        headers.insert(header::CACHE_CONTROL, cache);
    }
    response
}

/// The text is made when it is asked for, so it never runs out as long as the service runs.
const VALID: Duration = Duration::from_secs(90 * 86_400);
static STYLE: &str = include_str!("../../templates/style.css");
