use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use portcullis_core::Clock;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::audit_budget::AuditBudget;

type Labels = [(&'static str, String); 3];
pub(super) type Label = [(&'static str, &'static str); 1];

/// The service's metrics, in the naming of Prometheus. No label ever holds what a client chose.
pub(crate) struct Metrics {
    registry: Registry,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    pub(crate) active: Gauge,
    rate_limited: ByName,
    denied: ByName,
    pub(crate) panics: Counter,
    pub(crate) denials_dropped: Counter,
    pub(crate) certificate_expiry: Gauge<f64, AtomicU64>,
    pub(crate) certificates_refused: Counter,
    pub(crate) acme_renewals: Counter,
    pub(crate) acme_failures: Counter,
    pub(crate) log_lines_dropped: Gauge,
    pub(crate) answer_bytes_unsent: Gauge,
    pub(crate) refusals_aggregated: Counter,
    pub(crate) connections_open: Gauge,
    pub(crate) connections_refused: Counter,
    pub(crate) body_bytes: Gauge,
    pub(crate) bodies_refused: Counter,
}

/// The handles of one endpoint: a histogram for each class of statuses, looked up once at start.
pub(crate) struct EndpointMetrics {
    by_status: [Histogram; 5],
}

/// Counters of one label, whose few values are words of ours: found among those seen, without a hash.
struct ByName {
    label: &'static str,
    family: Family<Label, Counter>,
    seen: RwLock<Vec<(&'static str, Counter)>>,
}

impl ByName {
    fn new(label: &'static str) -> Self {
        Self { label, family: Family::default(), seen: RwLock::default() }
    }

    fn count(&self, name: &'static str) {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = seen.iter().find(|(other, _)| *other == name) {
            counter.inc();
            return;
        }
        drop(seen);
        let counter = self.family.get_or_create_owned(&[(self.label, name)]);
        counter.inc();
        // Twice, when two come first at once: both count the same.
        self.seen.write().unwrap_or_else(PoisonError::into_inner).push((name, counter));
    }
}

impl Metrics {
    pub(crate) fn new(version: &'static str, clock: &Clock) -> Self {
        let mut registry = Registry::default();
        let durations = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(BUCKETS.iter().copied()));
        let (active, panics) = (Gauge::default(), Counter::default());
        let (rate_limited, denied) = (ByName::new("policy"), ByName::new("reason"));
        let certificate_expiry = Gauge::<f64, AtomicU64>::default();
        let (log_lines_dropped, answer_bytes_unsent) = (Gauge::default(), Gauge::default());
        let (connections_open, connections_refused) = (Gauge::default(), Counter::default());
        let started = Gauge::<i64>::default();
        started.set(clock.now().as_seconds());
        let info = prometheus_client::metrics::info::Info::new(vec![("version", version)]);
        registry.register("http_server_request_duration_seconds", "Time to answer, by route and class of status", durations.clone());
        registry.register("http_server_active_requests", "Requests that are being answered", active.clone());
        registry.register("portcullis_rate_limited_requests", "Requests refused by a rate limit, by policy", rate_limited.family.clone());
        registry.register("portcullis_denied_requests", "Requests refused before their handler, by reason", denied.family.clone());
        let denials_dropped = Counter::default();
        registry.register("portcullis_audit_denials_dropped", "Denials that the audit log could not take in time", denials_dropped.clone());
        registry.register("portcullis_panics", "Handlers that panicked", panics.clone());
        registry.register("tls_certificate_expiry_timestamp_seconds", "When the certificate in use expires", certificate_expiry.clone());
        let (certificates_refused, acme_renewals, acme_failures) = (Counter::default(), Counter::default(), Counter::default());
        registry.register("tls_certificates_refused", "Changed certificates that were not taken", certificates_refused.clone());
        registry.register("acme_renewals", "Certificates that the ACME authority issued", acme_renewals.clone());
        registry.register("acme_renewal_failures", "Attempts at a certificate from the ACME authority that failed", acme_failures.clone());
        registry.register("portcullis_log_lines_dropped", "Log lines that nobody read in time", log_lines_dropped.clone());
        registry.register("portcullis_answer_bytes_unsent", "Answer bytes that clients have not taken yet", answer_bytes_unsent.clone());
        let refusals_aggregated = Counter::default();
        registry.register(
            "portcullis_log_refusals_aggregated",
            "Refused requests without a log line of their own",
            refusals_aggregated.clone(),
        );
        registry.register("portcullis_connections_open", "Connections that are open", connections_open.clone());
        registry.register(
            "portcullis_connections_refused",
            "Connections closed at once because there were too many",
            connections_refused.clone(),
        );
        let (body_bytes, bodies_refused) = (Gauge::default(), Counter::default());
        registry.register("portcullis_request_body_bytes_buffered", "Bytes of request bodies that are buffered", body_bytes.clone());
        registry.register(
            "portcullis_request_bodies_refused",
            "Request bodies refused because too many bytes were buffered",
            bodies_refused.clone(),
        );
        registry.register("process_start_time_seconds", "When the process started", started);
        registry.register("portcullis_build", "The program", info);
        Self {
            registry,
            durations,
            active,
            rate_limited,
            denied,
            panics,
            denials_dropped,
            certificate_expiry,
            certificates_refused,
            acme_renewals,
            acme_failures,
            log_lines_dropped,
            answer_bytes_unsent,
            refusals_aggregated,
            connections_open,
            connections_refused,
            body_bytes,
            bodies_refused,
        }
    }

    /// Adds what the audit log has no room for.
    pub(crate) fn with_audit(mut self, budget: &AuditBudget) -> Self {
        let events = budget.dropped();
        self.registry.register("portcullis_audit_events_dropped", "Events without a row in the audit log, by kind", events);
        self
    }

    /// The handles of one endpoint.
    pub(crate) fn endpoint(&self, method: &str, route: &str) -> EndpointMetrics {
        let handle = |status: &str| {
            let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_owned())];
            self.durations.get_or_create_owned(&labels)
        };
        EndpointMetrics { by_status: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(handle) }
    }

    pub(crate) fn rate_limited(&self, policy: &'static str) {
        self.rate_limited.count(policy);
    }

    pub(crate) fn denied(&self, reason: &'static str) {
        self.denied.count(reason);
    }

    /// Everything, in the `OpenMetrics` text format.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl EndpointMetrics {
    pub(crate) fn observe(&self, status: u16, duration: Duration) {
        let class = usize::from((status / 100).clamp(1, 5)) - 1;
        if let Some(histogram) = self.by_status.get(class) {
            histogram.observe(duration.as_secs_f64());
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl fmt::Debug for EndpointMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointMetrics")
    }
}

const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_units() {
        let metrics = Metrics::new("1.2.3", &Clock::system());
        metrics.endpoint("GET", "/notes/{id}").observe(404, Duration::from_millis(3));
        for policy in ["default", "credentials", "default"] {
            metrics.rate_limited(policy);
        }
        let text = metrics.render();
        assert!(
            text.contains(
                "http_server_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/notes/{id}\",status=\"4xx\"} 1"
            ),
            "{text}"
        );
        assert!(text.contains("portcullis_rate_limited_requests_total{policy=\"default\"} 2"), "{text}");
        assert!(text.contains("portcullis_rate_limited_requests_total{policy=\"credentials\"} 1"), "{text}");
        assert!(text.contains("portcullis_build_info{version=\"1.2.3\"} 1"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
