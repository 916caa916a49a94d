use std::cell::RefCell;
use std::time::Duration;

use portcullis_core::Timestamp;
use prometheus_client::metrics::counter::Counter;

use super::line::{Line, key, number_key};
use super::refusals::{Refusals, Surplus};
use super::settings::{LogFormat, LogSettings};
use super::sink::LogSink;
use super::trace::TraceContext;
use crate::admit::ClientAddress;

/// Writes one line for each request, but for refused ones beyond a rate.
#[derive(Debug)]
pub(crate) struct AccessLog {
    sink: LogSink,
    format: LogFormat,
    is_on: bool,
    refusals: Refusals,
}

/// What is known of a request at its end. Holds no query, no header but the user agent, and a raw path only where no route matched.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) at: Timestamp,
    pub(crate) method: &'a str,
    pub(crate) route: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) request_id: &'a str,
    pub(crate) address: ClientAddress,
    pub(crate) principal: Option<&'a str>,
    pub(crate) trace: &'a TraceContext,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) protocol: &'static str,
    pub(crate) code: Option<&'a str>,
    pub(crate) cause: Option<&'a str>,
    /// Whether it was refused before a handler ran, or refused to somebody who isn't signed in.
    pub(crate) is_refusal: bool,
}

impl AccessLog {
    pub(crate) fn new(sink: LogSink, format: LogFormat, settings: &LogSettings, aggregated: Counter) -> Self {
        Self { sink, format, is_on: settings.requests, refusals: Refusals::new(settings.refusals_per_address, aggregated) }
    }

    pub(crate) fn write(&self, access: &Access<'_>) {
        if !self.is_on || (access.is_refusal && !self.refusals.admit(access.address, access.status, access.at)) {
            return;
        }
        BUFFER.with_borrow_mut(|buffer| match self.format {
            LogFormat::Json => self.sink.write(json(buffer, access)),
            LogFormat::Pretty => self.sink.write(&pretty(access)),
        });
    }

    /// Writes what refused requests without a line of their own have come to; all of it when the service ends.
    pub(crate) fn summarize(&self, now: Timestamp, is_ending: bool) {
        for surplus in self.refusals.due(now, is_ending) {
            BUFFER.with_borrow_mut(|buffer| match self.format {
                LogFormat::Json => self.sink.write(json_of_refusals(buffer, &surplus, now)),
                LogFormat::Pretty => self.sink.write(pretty_of_refusals(&surplus, now).as_bytes()),
            });
        }
    }
}

thread_local! {
    /// The line in the making, used again by the next one.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn json<'buffer>(buffer: &'buffer mut Vec<u8>, access: &Access<'_>) -> &'buffer [u8] {
    let mut line = Line::begin(buffer, access.at);
    line.plain(key!("level"), level(access.status)).plain(key!("event"), "http_request");
    line.text(key!("method"), access.method, 16);
    match access.route {
        Some(route) => line.plain(key!("route"), route),
        None => line.text(key!("path"), access.path, 256),
    };
    line.number(number_key!("status"), access.status.into());
    line.number(number_key!("duration_us"), u64::try_from(access.duration.as_micros()).unwrap_or(u64::MAX));
    line.plain(key!("request_id"), access.request_id).address(key!("client_address"), access.address.ip());
    if let Some(principal) = access.principal {
        line.text(key!("principal"), principal, 128);
    }
    line.quoted(key!("trace_id"), &access.trace.trace_id()).quoted(key!("span_id"), &access.trace.span_id());
    if let Some(link) = access.trace.link() {
        line.quoted(key!("trace_link"), &link);
    }
    line.plain(key!("protocol"), access.protocol);
    if let Some(code) = access.code {
        line.plain(key!("problem"), code);
    }
    if let Some(cause) = access.cause {
        line.text(key!("cause"), cause, 1024);
    }
    if let Some(agent) = access.user_agent {
        line.text(key!("user_agent"), agent, 256);
    }
    line.end()
}

/// One line for people; unsafe characters are shown as `?`.
fn pretty(access: &Access<'_>) -> Vec<u8> {
    let target = access.route.unwrap_or(access.path);
    let millis = access.duration.as_secs_f64() * 1000.0;
    let mut text = format!("{} {} {} {} {millis:.2}ms {}", access.at, access.status, access.method, target, access.address.ip());
    for (name, value) in [("principal", access.principal), ("problem", access.code), ("cause", access.cause)] {
        if let Some(value) = value {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    let mut text: String =
        text.chars().take(1024).map(|character| if super::line::is_unsafe(character) { '?' } else { character }).collect();
    text.push('\n');
    text.into_bytes()
}

fn json_of_refusals<'buffer>(buffer: &'buffer mut Vec<u8>, surplus: &Surplus, now: Timestamp) -> &'buffer [u8] {
    let mut line = Line::begin(buffer, now);
    line.plain(key!("level"), "warn").plain(key!("event"), "http_refusals");
    match surplus.address {
        Some(address) => line.address(key!("client_address"), address),
        None => line.plain(key!("client_address"), "others"),
    };
    line.number(number_key!("requests"), surplus.requests).number(number_key!("rate_limited"), surplus.rate_limited);
    line.number(number_key!("seconds"), now.since(surplus.since).as_secs());
    line.end()
}

fn pretty_of_refusals(surplus: &Surplus, now: Timestamp) -> String {
    let address = surplus.address.map_or_else(|| "others".to_owned(), |address| address.to_string());
    let seconds = now.since(surplus.since).as_secs();
    format!(
        "{now} {} further requests refused in {seconds}s, {} of them by a rate limit, from {address}\n",
        surplus.requests, surplus.rate_limited
    )
}

const fn level(status: u16) -> &'static str {
    match status {
        500.. => "error",
        429 => "warn",
        _ => "info",
    }
}
