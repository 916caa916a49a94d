use std::fmt;

use super::operation::Kind;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Status(u16),
    /// One of more kinds of status than are told apart.
    OtherStatus,
    /// No connection could be opened.
    Unreachable,
    /// The connection broke before the whole answer was there.
    Broken,
    TimedOut,
    /// The load was interrupted while the answer was awaited.
    Interrupted,
    /// It was due, but no connection was free for it until the load ended.
    NeverSent,
}

/// What to think of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Expected,
    /// The service did what it should with more than it can or will take: 429, in a storm also 503.
    Shed,
    Unexpected,
}

/// Which answers are as they should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Expectations {
    /// Whether log-ins come in a storm, in which 503 is an answer too.
    pub(super) is_storm: bool,
    /// Statuses that are expected besides.
    pub(super) further: Vec<u16>,
}

impl Expectations {
    pub(super) fn judge(&self, kind: Kind, outcome: Outcome) -> Judgement {
        let Outcome::Status(status) = outcome else { return Judgement::Unexpected };
        match status {
            429 => Judgement::Shed,
            503 if self.is_storm && kind == Kind::LogIn => Judgement::Shed,
            200..=399 => Judgement::Expected,
            other if self.further.contains(&other) => Judgement::Expected,
            _ => Judgement::Unexpected,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::OtherStatus => f.write_str("other status"),
            Self::Unreachable => f.write_str("no connection"),
            Self::Broken => f.write_str("broken off"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::NeverSent => f.write_str("never sent"),
        }
    }
}

impl Judgement {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Shed => "shed",
            Self::Unexpected => "unexpected",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_no_error_but_an_overload_is_outside_a_storm() {
        let calm = Expectations::default();
        let storm = Expectations { is_storm: true, further: vec![404] };
        for (expectations, kind, outcome, judgement) in [
            (&calm, Kind::Read, Outcome::Status(200), Judgement::Expected),
            (&calm, Kind::Read, Outcome::Status(429), Judgement::Shed),
            (&calm, Kind::LogIn, Outcome::Status(503), Judgement::Unexpected),
            (&calm, Kind::Read, Outcome::Status(404), Judgement::Unexpected),
            (&calm, Kind::Read, Outcome::Status(100), Judgement::Unexpected),
            (&calm, Kind::Read, Outcome::NeverSent, Judgement::Unexpected),
            (&storm, Kind::LogIn, Outcome::Status(503), Judgement::Shed),
            (&storm, Kind::Read, Outcome::Status(503), Judgement::Unexpected),
            (&storm, Kind::Read, Outcome::Status(404), Judgement::Expected),
        ] {
            assert_eq!(expectations.judge(kind, outcome), judgement, "{kind} {outcome}");
        }
    }
}
