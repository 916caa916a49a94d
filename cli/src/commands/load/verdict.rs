use super::measurements::Measurements;
use super::operation::Kind;
use super::outcome::Judgement;
use super::quantity::Bound;

/// What the load should have kept and didn't: a sentence each.
pub(super) fn missed(measurements: &Measurements, max_error_rate: f64, bounds: &[Bound]) -> Vec<String> {
    let mut missed = Vec::new();
    let unexpected = measurements.count(Judgement::Unexpected);
    let all = unexpected + measurements.count(Judgement::Expected) + measurements.count(Judgement::Shed);
    if ratio(unexpected, all) > max_error_rate {
        missed.push(format!(
            "{unexpected} of {all} requests were not answered as expected ({:.2}%; {:.2}% would be well)",
            ratio(unexpected, all) * 100.0,
            max_error_rate * 100.0
        ));
    }
    for bound in bounds {
        for kind in Kind::ALL {
            if bound.operation.as_deref().is_none_or(|operation| operation == kind.name()) {
                missed.extend(slower(measurements, kind, bound));
            }
        }
    }
    missed
}

/// Shed requests don't count for the percentile: that a refusal is quick makes no answer quicker.
fn slower(measurements: &Measurements, kind: Kind, bound: &Bound) -> Option<String> {
    let was_asked = measurements.rows.keys().any(|(of, _)| *of == kind);
    let served = measurements.latencies(kind, |row| row.judgement != Judgement::Shed);
    if served.is_empty() {
        return (was_asked || bound.operation.is_some()).then(|| format!("no {kind} was served whose latency could be below the bound"));
    }
    let latency = served.value_at_quantile(0.99);
    let limit = u64::try_from(bound.latency.as_micros()).unwrap_or(u64::MAX);
    (latency >= limit).then(|| {
        let shown = super::report::milliseconds;
        format!("the 99th percentile of {kind} is {}, not below {}", shown(latency), shown(limit))
    })
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::measurements::Sample;
    use super::super::outcome::Outcome;
    use super::*;

    fn measured(samples: &[(Judgement, u64)]) -> Measurements {
        let mut measurements = Measurements::new(Duration::from_secs(1)).unwrap();
        for (judgement, latency) in samples {
            let outcome = match judgement {
                Judgement::Expected => Outcome::Status(200),
                Judgement::Shed => Outcome::Status(429),
                Judgement::Unexpected => Outcome::Broken,
            };
            measurements.record(&Sample {
                kind: Kind::Read,
                outcome,
                judgement: *judgement,
                due: Duration::ZERO,
                delay: None,
                latency: Duration::from_millis(*latency),
                retry_after: None,
            });
        }
        measurements
    }

    #[test]
    fn errors_count_against_the_rate_that_is_well() {
        let measurements =
            measured(&[(Judgement::Expected, 1), (Judgement::Expected, 1), (Judgement::Shed, 1), (Judgement::Unexpected, 1)]);
        assert_eq!(missed(&measurements, 0.0, &[]).len(), 1);
        assert_eq!(missed(&measurements, 0.25, &[]).len(), 0);
    }

    #[test]
    fn a_bound_is_missed_by_slow_answers_and_by_none() {
        let bound = |text: &str| text.parse::<Bound>().unwrap();
        let measurements = measured(&[(Judgement::Expected, 20)]);
        assert!(missed(&measurements, 0.0, &[bound("30ms")]).is_empty());
        assert_eq!(missed(&measurements, 0.0, &[bound("10ms"), bound("read=10ms"), bound("write=10ms")]).len(), 3);
        let shed = measured(&[(Judgement::Shed, 1)]);
        assert_eq!(missed(&shed, 0.0, &[bound("30ms")]).len(), 1);
    }
}
