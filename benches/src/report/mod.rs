//! What was found, as tables and plots.

mod checks;
mod curves;
mod document;
mod growth;
mod plot;
mod tables;

pub(crate) use checks::{compiled, write_compiled};
pub(crate) use curves::grouped;
pub(crate) use document::write;
pub(crate) use growth::{growths, write_growths};
pub(crate) use tables::tables;
