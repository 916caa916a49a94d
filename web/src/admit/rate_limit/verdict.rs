use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

use crate::accept::FieldLines;
use crate::respond::Problem;

/// What a limiter says of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    policy: &'static Policy,
    remaining: u32,
    wait: Option<Duration>,
}

/// A quota with its prepared header.
pub(super) struct Policy {
    name: &'static str,
    requests: u32,
    period: Duration,
    header: HeaderValue,
}

impl Policy {
    /// A policy that lives as long as the process: there are three of them.
    pub(super) fn new(name: &'static str, requests: u32, period: Duration) -> &'static Self {
        let header = format!("\"{name}\";q={requests};w={}", period.as_secs());
        let header = HeaderValue::from_str(&header).unwrap_or(HeaderValue::from_static(""));
        Box::leak(Box::new(Self { name, requests, period, header }))
    }
}

impl Verdict {
    pub(super) const fn allowed(policy: &'static Policy, remaining: u32) -> Self {
        Self { policy, remaining, wait: None }
    }

    pub(super) const fn refused(policy: &'static Policy, wait: Duration) -> Self {
        Self { policy, remaining: 0, wait: Some(wait) }
    }

    pub(crate) const fn is_allowed(&self) -> bool {
        self.wait.is_none()
    }

    /// The name of the policy, for metrics and the log.
    pub(crate) const fn policy(&self) -> &'static str {
        self.policy.name
    }

    /// What tells the client where it stands, `RateLimit-Policy` and `RateLimit`
    /// ([draft-ietf-httpapi-ratelimit-headers](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/)).
    pub(crate) fn values(&self) -> (HeaderValue, Option<HeaderValue>) {
        (self.policy.header.clone(), self.state())
    }

    /// The same as lines.
    pub(crate) fn write(&self, lines: &mut FieldLines) {
        lines.line(&RATE_LIMIT_POLICY, &self.policy.header);
        self.with_state(|parts| lines.parts(&RATE_LIMIT, &parts.map(str::as_bytes)));
    }

    /// 429 with `Retry-After` and the quota that refused.
    #[cold]
    pub(crate) fn problem(&self) -> Problem {
        let wait = self.wait.unwrap_or_default();
        let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests: wait, then try again.")
            .kind("https://iana.org/assignments/http-problem-types#quota-exceeded")
            .violated(self.policy.name)
            .denied_by("excess_rate_limit_exceeded", "rate_limit")
            .retry_after(seconds)
            .header(RATE_LIMIT_POLICY, self.policy.header.clone());
        match self.state() {
            Some(value) => problem.header(RATE_LIMIT, value),
            None => problem,
        }
    }

    /// What is left, and when there will be more.
    fn state(&self) -> Option<HeaderValue> {
        // As long as it has to be: what has room left is moved once more.
        let text = self.with_state(|parts| parts.concat());
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()?;
        // Never the same twice: HTTP/2 keeps it out of its compression table (RFC 7541 section 6.2.3).
        value.set_sensitive(true);
        Some(value)
    }

    fn with_state<T>(&self, then: impl FnOnce([&str; 6]) -> T) -> T {
        let (mut remaining, mut reset) = (itoa::Buffer::new(), itoa::Buffer::new());
        then(["\"", self.policy.name, "\";r=", remaining.format(self.remaining), ";t=", reset.format(self.reset())])
    }

    /// Seconds until the quota grows again.
    fn reset(&self) -> u64 {
        match self.wait {
            Some(wait) => (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1),
            None => {
                let used = u64::from(self.policy.requests.saturating_sub(self.remaining));
                (used * self.policy.period.as_secs()).div_ceil(u64::from(self.policy.requests.max(1)))
            }
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {:?}", self.name, self.requests, self.period)
    }
}

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
