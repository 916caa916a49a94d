//! The opening handshake of a WebSocket ([RFC 6455 section 4.2.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1)).
//!
//! Let through: a GET over HTTP/1.1 without a body, with `Upgrade: websocket`, `Connection: upgrade`, one version, 13, and one key of 16
//! bytes. Refused: everything else, with 426 where no WebSocket of this version was asked for, with 400 where it was asked for wrongly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, request};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::respond::Problem;

/// The connection to come, and what `Sec-WebSocket-Accept` answers.
pub(super) fn check(parts: &mut request::Parts) -> Result<(OnUpgrade, HeaderValue), Problem> {
    let headers = &parts.headers;
    let asks = parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && lists(headers, &header::UPGRADE, "websocket")
        && lists(headers, &header::CONNECTION, "upgrade")
        && one(headers, &header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if !asks {
        return Err(upgrade_required());
    }
    let length = headers.get_all(header::CONTENT_LENGTH).iter().all(|length| length == "0");
    if !length || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(invalid("A WebSocket handshake has no body."));
    }
    let key = one(headers, &header::SEC_WEBSOCKET_KEY).filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == KEY));
    let key = key.ok_or_else(|| invalid("Sec-WebSocket-Key must be given once, the base64 of 16 bytes."))?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(Problem::internal)?;
    let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(upgrade_required)?;
    Ok((upgrade, accept))
}

/// The only value of a header.
fn one<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Option<&'headers HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a header lists this token.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn invalid(detail: &'static str) -> Problem {
    Problem::bad_request("invalid_handshake", detail)
}

/// 426, with what to upgrade to ([RFC 9110 section 15.5.22](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22)).
fn upgrade_required() -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "This endpoint opens a WebSocket.")
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(header::CONNECTION, HeaderValue::from_static("upgrade"))
        .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
}

/// The bytes of a key.
const KEY: usize = 16;
