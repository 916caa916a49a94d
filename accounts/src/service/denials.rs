use std::future::Future;
use std::pin::Pin;

use portcullis_core::Id;
use portcullis_web::observe::{AuditBudget, Denial, DenialLog, DroppedEvents};

use super::audit::{Event, INSERT, Kind};
use super::{AccountService, Origin};
use crate::error::AccountError;

/// Denials of the gate stand in the audit log beside the events of accounts.
impl DenialLog for AccountService {
    fn budget(&self) -> &AuditBudget {
        &self.0.audit
    }

    fn write<'a>(&'a self, denials: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move { self.write_denials(denials).await.map_err(|error| error.to_string()) })
    }

    fn write_dropped<'a>(&'a self, dropped: &'a DroppedEvents) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let event = Event::new(Kind::EventsDropped, &Origin::default()).failed("no room");
        let event = dropped.kinds.iter().fold(event, |event, (kind, events)| event.detail(kind, *events));
        Box::pin(async move { self.record(event).await.map_err(|error| error.to_string()) })
    }
}

impl AccountService {
    async fn write_denials(&self, denials: &[Denial]) -> Result<(), AccountError> {
        let mut batch = self.database().batch();
        for denial in denials {
            batch
                .query(INSERT)
                .bind(Id::new(denial.at))
                .bind(denial.at)
                .bind(denial.kind)
                .bind(if denial.kind == "authz_fail" || denial.kind == "malicious_csrf" { "critical" } else { "warn" })
                .bind(denial.principal.clone())
                .bind(None::<String>)
                .bind("failure")
                .bind(denial.reason)
                .bind(denial.address.as_str())
                .bind(denial.request_id.to_string())
                .bind(serde_json::json!({ "endpoint": denial.endpoint, "times": denial.times }).to_string())
                .later()?;
        }
        batch.commit().await?;
        Ok(())
    }
}
