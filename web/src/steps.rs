//! Single steps of a request, each with what it needs, for benchmarks: from outside they can be run and nothing else.

use std::net::Ipv4Addr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use portcullis_core::{Clock, Id};
use prometheus_client::metrics::counter::Counter;

use crate::accept::FieldLines;
use crate::admit::{ClientAddress, RateLimitSettings, RateLimits};
use crate::app::Class;
use crate::observe::{Access, AccessLog, LogFormat, LogSettings, LogSink, Metrics, TraceContext};
use crate::respond::{HeadersSettings, Particular, SecurityHeaders};

/// Counts a request of one of ten thousand addresses by turns; whether it passes.
pub fn count_an_address() -> impl FnMut() -> bool {
    let mut settings = RateLimitSettings::default();
    settings.default = WIDE.parse().unwrap_or(settings.default);
    let clock = Clock::system();
    let limits = RateLimits::new(&settings, clock.now());
    let mut number = 0_u32;
    move || {
        number = (number + 1) % ADDRESSES;
        let address = ClientAddress::new(Ipv4Addr::from_bits(number).into());
        limits.check_address(address, Class::Default, clock.now()).is_none_or(|verdict| verdict.is_allowed())
    }
}

/// Puts the security headers, the identifier and the quota on an answer, as for HTTP/2; how many headers it has then.
pub fn stamp_headers() -> impl FnMut() -> usize {
    let stamp = stamp();
    move || stamp(None).len()
}

/// The same as lines, as for HTTP/1.1.
pub fn write_header_lines() -> impl FnMut() -> usize {
    let stamp = stamp();
    move || stamp(Some(&mut FieldLines::default())).len()
}

fn stamp() -> impl Fn(Option<&mut FieldLines>) -> HeaderMap {
    let headers = SecurityHeaders::new(&HeadersSettings::default());
    let now = Clock::system().now();
    let limits = RateLimits::new(&RateLimitSettings::default(), now);
    let verdict = limits.check_address(ClientAddress::new(Ipv4Addr::LOCALHOST.into()), Class::Default, now);
    move |lines| {
        let mut answer = HeaderMap::new();
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request_id = Some("01a20b76-fb4e-7ed4-ad5f-46067403a17e");
        headers.stamp(&mut answer, lines, &Particular { policy: None, request_id, verdict }, true);
        answer
    }
}

/// Writes the JSON line of a request; nobody reads it.
pub fn write_a_log_line() -> impl FnMut() {
    let sink = LogSink::nowhere();
    let log = AccessLog::new(sink, LogFormat::Json, &LogSettings::default(), Counter::default());
    let at = Clock::system().now();
    let request_id = Id::new(at);
    let (text, trace) = (request_id.to_string(), TraceContext::of(&HeaderMap::new(), request_id, false));
    move || {
        log.write(&Access {
            at,
            method: "GET",
            route: Some("/notes/{id}"),
            path: "/notes/01a20b76-fb4e-7ed4-ad5f-46067403a17e",
            status: 200,
            duration: Duration::from_micros(250),
            request_id: &text,
            address: ClientAddress::new(Ipv4Addr::LOCALHOST.into()),
            principal: Some("01a20b76-fb4e-7ed4-ad5f-46067403a17e"),
            trace: &trace,
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            protocol: "HTTP/1.1",
            code: None,
            cause: None,
            is_refusal: false,
        });
    }
}

/// Adds a request to its endpoint's histogram.
pub fn observe_a_request() -> impl FnMut() {
    let metrics = Metrics::new("0", &Clock::system());
    let endpoint = metrics.endpoint("GET", "/notes/{id}");
    move || endpoint.observe(200, Duration::from_micros(250))
}

const ADDRESSES: u32 = 10_000;
/// Nobody is refused: refusing costs something else.
const WIDE: &str = "1000000/s";
