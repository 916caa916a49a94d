use super::common::is_common;

/// What a new password must be like.
///
/// Nothing is demanded of its composition, and it is neither trimmed nor normalised: what was received is what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min: usize,
    max: usize,
}

impl PasswordPolicy {
    /// A policy with this minimum length in code points, at least 8.
    ///
    /// Below 15 a password alone is weaker than NIST SP 800-63B-4 section 3.1.1.2 demands without a second factor.
    #[must_use]
    pub fn with_min_length(min: usize) -> Self {
        Self { min: min.clamp(FLOOR, MAX), max: MAX }
    }

    /// The minimum length in code points.
    #[must_use]
    pub const fn min_length(&self) -> usize {
        self.min
    }

    /// The maximum length in code points.
    #[must_use]
    pub const fn max_length(&self) -> usize {
        self.max
    }

    /// Judges a new password; `context` holds the account's name and address and the service's name.
    ///
    /// # Errors
    /// The reason, which may be shown to whoever chose the password.
    pub fn check(&self, password: &str, context: &[&str]) -> Result<(), PasswordRefusal> {
        let length = password.chars().count();
        if length < self.min {
            return Err(PasswordRefusal::TooShort { min: self.min });
        }
        if length > self.max {
            return Err(PasswordRefusal::TooLong { max: self.max });
        }
        let lower = password.to_lowercase();
        if context.iter().any(|word| !word.is_empty() && (lower == word.to_lowercase() || unit(&lower) == Some(&word.to_lowercase()))) {
            return Err(PasswordRefusal::Context);
        }
        match unit(&lower) {
            Some(unit) if unit.chars().count() < 4 || is_common(unit) => Err(PasswordRefusal::Repeated),
            Some(_) | None if is_common(&lower) => Err(PasswordRefusal::Common),
            Some(_) | None => Ok(()),
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::with_min_length(DEFAULT_MIN)
    }
}

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordRefusal {
    /// It has too few code points.
    #[error("Use at least {min} characters: several words in a row are easy to remember.")]
    TooShort {
        /// The minimum.
        min: usize,
    },
    /// It has too many code points.
    #[error("Use at most {max} characters.")]
    TooLong {
        /// The maximum.
        max: usize,
    },
    /// It stands on the list of common passwords.
    #[error("This password is among the most common ones, which are tried first. Choose another.")]
    Common,
    /// It is one short or common text, over and over.
    #[error("This password repeats one short or common text. Choose another.")]
    Repeated,
    /// It is the account's name, its address or the name of this service.
    #[error("This password is your name, your address or the name of this service. Choose another.")]
    Context,
}

impl PasswordRefusal {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong { .. } => "password_too_long",
            Self::Common => "password_common",
            Self::Repeated => "password_repeated",
            Self::Context => "password_context",
        }
    }
}

/// The text that `whole` repeats, if it is a repetition.
fn unit(whole: &str) -> Option<&str> {
    let lengths = whole.char_indices().map(|(at, _)| at).skip(1).take_while(|at| at * 2 <= whole.len());
    lengths
        .filter(|at| whole.len().is_multiple_of(*at))
        .filter_map(|at| whole.get(..at))
        .find(|unit| whole.as_bytes().chunks(unit.len()).all(|chunk| chunk == unit.as_bytes()))
}

const FLOOR: usize = 8;
const DEFAULT_MIN: usize = 15;
const MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), PasswordRefusal> {
        PasswordPolicy::default().check(password, &["ann.archer.the.first", "ann@example.com", "Portcullis"])
    }

    #[test]
    fn length_counts_code_points_and_nothing_else_is_demanded() {
        assert_eq!(check("correct horse b"), Ok(()));
        assert_eq!(check("correct horse "), Err(PasswordRefusal::TooShort { min: 15 }));
        assert_eq!(check(" \u{0}🦀 ünïcode 🦀 \t"), Ok(()));
        let long: String = ('a'..='z').cycle().take(255).chain(['!']).collect();
        assert_eq!(check(&long), Ok(()));
        assert_eq!(check(&format!("{long}x")), Err(PasswordRefusal::TooLong { max: 256 }));
        assert_eq!(PasswordPolicy::with_min_length(1).min_length(), 8);
    }

    #[test]
    fn common_passwords_that_pass_the_minimum_length_are_refused_whatever_their_case() {
        assert_eq!(check("1QAZ2wsx3edc4rfv"), Err(PasswordRefusal::Common));
        assert_eq!(check("polniypizdec0211"), Err(PasswordRefusal::Common));
        assert_eq!(check("123456789987654321"), Err(PasswordRefusal::Common));
    }

    #[test]
    fn only_whole_values_are_compared() {
        assert_eq!(check("password with more to it"), Ok(()));
        assert_eq!(check("ann@example.com likes tea"), Ok(()));
        for own in ["ANN.archer.the.first", "ann@example.com", "portcullisPORTCULLIS"] {
            assert_eq!(check(own), Err(PasswordRefusal::Context), "{own}");
        }
    }

    #[test]
    fn repetitions_of_a_short_or_common_text_are_refused() {
        for bad in ["aaaaaaaaaaaaaaaa", "abababababababab", "passwordpassword", "éééééééééééééééé"] {
            assert_eq!(check(bad), Err(PasswordRefusal::Repeated), "{bad}");
        }
        assert_eq!(check("zygote#zygote#zygote#"), Ok(()));
    }
}
