//! Wilcoxon's signed-rank test over pairs of durations, and how sure it can be with the noise that was measured.

/// The two-sided significance level is 10⁻⁴: |z| beyond this happens by chance once in 10,000 tests.
const CRITICAL: f64 = 3.891;

/// Pairs of durations that were measured one right after the other.
#[derive(Default)]
pub(crate) struct Pairs {
    /// The logarithms of the ratios, so that a difference is a share and a busy moment weighs on both sides alike.
    ratios: Vec<f64>,
}

impl Pairs {
    pub(crate) fn add(&mut self, one: f64, other: f64) {
        self.ratios.push((one / other).ln());
    }

    pub(crate) fn differ(&self) -> bool {
        score(&self.ratios).abs() > CRITICAL
    }

    /// How far the middle of the ratios lies from 1.
    pub(crate) fn shift(&self) -> f64 {
        let mut sorted = self.ratios.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2].exp() - 1.0
    }

    /// The share of experiments as noisy as this one in which a difference of `share` would be found.
    ///
    /// Each experiment is this one with the sides of its pairs swapped at random, which no true difference survives, and shifted.
    pub(crate) fn power(&self, share: f64) -> f64 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let found = (0..EXPERIMENTS)
            .filter(|_| {
                let sample: Vec<f64> =
                    self.ratios.iter().map(|ratio| if random.coin() { -ratio } else { *ratio } + share.ln_1p()).collect();
                score(&sample).abs() > CRITICAL
            })
            .count();
        found as f64 / f64::from(EXPERIMENTS)
    }
}

const EXPERIMENTS: u32 = 400;

/// The normal approximation of the signed-rank statistic.
fn score(differences: &[f64]) -> f64 {
    let mut ordered: Vec<f64> = differences.to_vec();
    ordered.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    let positive: f64 = ordered.iter().zip(1_u32..).filter(|(difference, _)| **difference > 0.0).map(|(_, rank)| f64::from(rank)).sum();
    let n = ordered.len() as f64;
    (positive - n * (n + 1.0) / 4.0) / (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt()
}

/// Xorshift: the same experiments in every run.
struct Random(u64);

impl Random {
    fn coin(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 & 1 == 1
    }
}

#[test]
fn the_test_finds_a_shift_of_five_percent_and_no_shift_where_there_is_none() {
    let mut random = Random(7);
    // Durations with a spread of about ten percent, one in sixteen of them disturbed.
    let mut duration = |base: f64| {
        let noise: f64 = (0..8).map(|_| if random.coin() { 0.025 } else { -0.025 }).sum();
        let disturbed = (0..4).all(|_| random.coin());
        base * (1.0 + noise) * if disturbed { 1.8 } else { 1.0 }
    };
    let (mut alike, mut apart) = (Pairs::default(), Pairs::default());
    for _ in 0..400 {
        alike.add(duration(1.0), duration(1.0));
        apart.add(duration(1.05), duration(1.0));
    }
    assert!(!alike.differ() && apart.differ(), "{} {}", score(&alike.ratios), score(&apart.ratios));
    assert!(alike.power(0.05) >= 0.9 && alike.power(0.0) < 0.02, "{} {}", alike.power(0.05), alike.power(0.0));
    assert!((apart.shift() - 0.05).abs() < 0.02, "{}", apart.shift());
}
