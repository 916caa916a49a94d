/// One axis of a plot: which values it shows, and where.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    is_logarithmic: bool,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<f64>,
}

impl Axis {
    /// From zero to a round number above the highest value.
    pub(super) fn linear(highest: f64, most_ticks: f64) -> Self {
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let step = round_up(highest / most_ticks);
        let steps = (highest / step).ceil();
        let ticks = multiples(step).take_while(|tick| *tick <= step * steps + step / 2.0).collect();
        Self { is_logarithmic: false, low: 0.0, high: step * steps, ticks }
    }

    /// From zero to exactly the highest value, for time.
    pub(super) fn exact(highest: f64, most_ticks: f64) -> Self {
        let ticks = multiples(round_up(highest / most_ticks)).take_while(|tick| *tick <= highest).collect();
        Self { is_logarithmic: false, low: 0.0, high: highest, ticks }
    }

    /// From zero, with a tick at each whole number.
    pub(super) fn whole(highest: f64) -> Self {
        let high = highest.max(1.0);
        Self { is_logarithmic: false, low: 0.0, high, ticks: multiples(1.0).take_while(|tick| *tick <= high).collect() }
    }

    /// Round numbers around the values: 1, 2, 5 of each decade, or where that is too many whole decades.
    pub(super) fn logarithmic(lowest: f64, highest: f64) -> Self {
        let lowest = lowest.max(0.001);
        let highest = highest.max(lowest * 1.01);
        let all = ticks_around(lowest, highest, |_| true);
        let ticks = if all.len() <= MOST_FINE_TICKS { all } else { ticks_around(lowest, highest, is_decade) };
        let (low, high) = (ticks.first().copied().unwrap_or(lowest), ticks.last().copied().unwrap_or(highest));
        Self { is_logarithmic: true, low, high, ticks }
    }

    /// Where a value stands: 0 at the low end, 1 at the high end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = if self.is_logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        place.clamp(0.0, 1.0)
    }
}

fn multiples(step: f64) -> impl Iterator<Item = f64> {
    (0..=MOST_TICKS).map(move |number| f64::from(number) * step)
}

fn round_up(value: f64) -> f64 {
    STEPS.into_iter().find(|step| *step >= value * 0.999).unwrap_or(value)
}

/// The wanted steps from the last one below the values to the first one above.
fn ticks_around(lowest: f64, highest: f64, wanted: impl Fn(f64) -> bool) -> Vec<f64> {
    let steps = || STEPS.into_iter().filter(|step| wanted(*step));
    let low = steps().rev().find(|step| *step <= lowest * 1.001).unwrap_or(lowest);
    let high = steps().find(|step| *step >= highest * 0.999).unwrap_or(highest);
    steps().filter(|step| *step >= low && *step <= high).collect()
}

fn is_decade(value: f64) -> bool {
    let exponent = value.log10();
    (exponent - exponent.round()).abs() < 0.01
}

const MOST_TICKS: u32 = 20;
const MOST_FINE_TICKS: usize = 9;

/// 1, 2 and 5 of each decade from a microsecond to ten days, in milliseconds; also good for counts.
const STEPS: [f64; 39] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4,
    5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9, 5e9,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_that_cover_the_values() {
        let axis = Axis::linear(183.0, 5.0);
        assert_eq!(axis.ticks, [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert!((axis.place(100.0) - 0.5).abs() < 1e-9);
        let axis = Axis::logarithmic(0.31, 42.0);
        assert_eq!(axis.ticks, [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert!(axis.place(0.2) < 1e-9 && (axis.place(50.0) - 1.0).abs() < 1e-9);
        assert_eq!(Axis::logarithmic(0.01, 9000.0).ticks, [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0]);
    }

    #[test]
    fn nothing_measured_is_still_a_plot() {
        assert!(Axis::linear(0.0, 5.0).place(0.0).is_finite());
        assert!(Axis::logarithmic(0.0, 0.0).place(0.0).is_finite());
        assert!(Axis::exact(1.0, 6.0).place(2.0) <= 1.0);
    }
}
