//! The measurements.

mod beside;
mod cost;
mod latency;
mod log_in;
mod slice;
mod start;
mod storm;

pub(crate) use beside::{Beside, beside};
pub(crate) use cost::{Cost, Effort, Ratio, refusing, rounds};
pub(crate) use latency::{Latency, open_loop};
pub(crate) use log_in::{LogIns, Pages, hashes, library, log_ins};
pub(crate) use slice::{drive, fit};
pub(crate) use start::{Start, idle_connections, start, used};
pub(crate) use storm::{Storm, storm};

/// The middle of the values, and the least and greatest of them.
pub(crate) fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

/// The value below which this part of the sorted values lies.
pub(crate) fn percentile(sorted: &[u64], hundredths: usize) -> u64 {
    let place = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}
