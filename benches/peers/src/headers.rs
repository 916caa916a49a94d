//! What notes puts on every answer over TLS, as axum's users set it; the values that differ from answer to answer are about as long.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tower::util::MapResponseLayer;

pub fn on(router: Router) -> Router {
    let headers: Arc<[_]> = HEADERS.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    router.layer(MapResponseLayer::new(move |mut response: Response| {
        for (name, value) in &*headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }))
}

const HEADERS: &[(&str, &str)] = &[
    ("x-request-id", "01a21cdc-206e-79d9-a35e-73336c6280e7"),
    ("ratelimit-policy", "\"default\";q=1200;w=60"),
    ("ratelimit", "\"default\";r=1199;t=1"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), cross-origin-isolated=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(self), screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
    ("x-xss-protection", "0"),
    ("cache-control", "no-store"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox",
    ),
];
