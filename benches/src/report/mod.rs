//! What was found, as tables and plots.

mod document;
mod plot;
mod tables;

pub(crate) use document::write;
pub(crate) use tables::tables;
