use argon2::Params;

/// How much work one Argon2id hash takes ([RFC 9106](https://www.rfc-editor.org/rfc/rfc9106#section-3.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingCost {
    memory_kib: u32,
    iterations: u32,
}

impl HashingCost {
    /// 19 MiB, two iterations, one lane: OWASP's minimum, about 14 ms on one core.
    pub const DEFAULT: Self = Self { memory_kib: 19_456, iterations: 2 };

    /// Another cost, at least as high as one of OWASP's minimal ones.
    ///
    /// # Errors
    /// When it is lower than all of them.
    pub fn new(memory_kib: u32, iterations: u32) -> Result<Self, CostTooLow> {
        let enough = MINIMA.iter().any(|(memory, rounds)| memory_kib >= *memory && iterations >= *rounds);
        if enough && memory_kib <= MAX_MEMORY_KIB && iterations <= MAX_ITERATIONS {
            Ok(Self { memory_kib, iterations })
        } else {
            Err(CostTooLow)
        }
    }

    /// A cost that protects nothing, so that tests are quick.
    #[must_use]
    pub const fn dangerous_cheap() -> Self {
        Self { memory_kib: 64, iterations: 1 }
    }

    pub(super) fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.iterations, 1, Some(OUTPUT_LENGTH))
    }
}

impl Default for HashingCost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The cost is below every accepted minimum, or beyond reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Argon2id needs at least 19456 KiB and 2 iterations, 47104 KiB and 1, or 12288 KiB and 3; at most 1 GiB and 16")]
pub struct CostTooLow;

const MINIMA: [(u32, u32); 3] = [(47_104, 1), (19_456, 2), (12_288, 3)];
pub(super) const MAX_MEMORY_KIB: u32 = 1_048_576;
pub(super) const MAX_ITERATIONS: u32 = 16;
pub(super) const OUTPUT_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_below_the_accepted_minima_are_refused() {
        for (memory, iterations) in [(19_456, 2), (47_104, 1), (12_288, 3), (65_536, 3)] {
            assert!(HashingCost::new(memory, iterations).is_ok(), "{memory} {iterations}");
        }
        for (memory, iterations) in [(19_455, 2), (19_456, 1), (9_216, 4), (0, 0), (u32::MAX, 2), (19_456, 1000)] {
            assert_eq!(HashingCost::new(memory, iterations), Err(CostTooLow), "{memory} {iterations}");
        }
    }
}
