//! Placeholder until the store lands.
/// Error.
#[derive(Debug, thiserror::Error)]
#[error("store")]
pub struct StoreError;
impl StoreError {
    /// Whether.
    #[must_use]
    pub fn is_unavailable(&self) -> bool { true }
}
