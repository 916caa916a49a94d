use super::super::operation::Kind;
use super::{OperationReport, Report};

/// What the numbers don't say by themselves.
pub(super) fn of(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.interrupted {
        notes.push(format!("Interrupted after {:.1} s; this is the report so far.", report.elapsed_seconds));
    }
    if let Some(log_ins) = report.log_ins_at_once {
        notes.extend(storm(report, log_ins));
    } else if report.shed > 0 {
        notes.push(format!(
            "{} requests were turned away with 429 by the service's limits. To measure what is behind the limits, start the service under \
             test with PORTCULLIS_RATE_LIMIT__DEFAULT, __CREDENTIALS and __PRINCIPAL set to off.",
            report.shed
        ));
    }
    if report.start_delay_ms.p99 > LATE_MS {
        notes.push(format!(
            "Requests went out late (99th percentile: {}), because all {} connections were busy or this machine was. The latencies contain \
             the wait, also of what was never sent. If more --connections change nothing, the rate is more than the service can take.",
            ms(report.start_delay_ms.p99),
            report.connections
        ));
    }
    if report.users == 1 && report.operations.iter().any(|operation| operation.operation == Kind::LogIn) {
        notes.push("Log-ins of one account take turns; --register several users to see them side by side.".to_owned());
    }
    if report.registered {
        notes.push(match report.users {
            1 => "A user named load-… was registered for this, and stays.".to_owned(),
            several => format!("{several} users named load-… were registered for this, and stay."),
        });
    }
    if let Some(write) = report.asked.iter().find(|asked| asked.operation == Kind::Write) {
        notes.push(format!("What {} wrote stays.", write.request));
    }
    notes
}

/// How the surplus of a storm was answered.
fn storm(report: &Report, log_ins: u32) -> Option<String> {
    let OperationReport { answers, .. } = report.operations.iter().find(|operation| operation.operation == Kind::LogIn)?;
    let told: Vec<String> = answers
        .iter()
        .map(|answer| {
            let again = match answer.retry_after_seconds {
                Some((least, most)) if least == most => format!(", to come again in {least} s"),
                Some((least, most)) => format!(", to come again in {least} to {most} s"),
                None => String::new(),
            };
            format!(
                "{} × {} (half within {}, all within {}{again})",
                answer.requests,
                answer.answer,
                ms(answer.latency_ms.p50),
                ms(answer.latency_ms.max)
            )
        })
        .collect();
    Some(format!("Of {log_ins} log-ins at the same moment: {}.", told.join("; ")))
}

fn ms(milliseconds: f64) -> String {
    super::text::shown(milliseconds)
}

const LATE_MS: f64 = 50.0;
