use std::sync::Arc;

use portcullis_core::{Id, Principal, Timestamp};
use tokio::time::Instant;

use crate::admit::ClientAddress;
use crate::authn::Known;

/// What the gate learns of a request.
pub(super) struct Noted {
    pub(super) principal: Option<Principal>,
    /// The caller's verified credential.
    pub(super) known: Option<Arc<Known>>,
    pub(super) address: ClientAddress,
    pub(super) request_id: Id,
    /// When it came to the gate, or was verified there: the clock is asked again only after what takes time.
    pub(super) at: Timestamp,
    pub(super) began: Instant,
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("(no text)"))
}
