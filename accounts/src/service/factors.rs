//! From a name and a password to proof of who it is.
//!
//! [`Proven`] can only be made here, and only [`FirstFactor::complete`] makes it: the place where a second factor will be demanded. The
//! gate takes nothing else.

use portcullis_core::password::{HashingPool, PasswordHash, Verdict};
use portcullis_core::{Id, Secret};

use super::attempts::{Counters, Reservation};
use super::audit::{Event, Kind};
use super::turns::{Place, Turn};
use super::user::Candidate;
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::name::Login;

/// A try at a password that has its turn, but was neither counted nor judged yet: dropping it costs its author nothing.
pub(super) struct Attempt {
    place: Place,
    candidate: Option<Candidate>,
    counters: Counters,
    turn: Option<Turn>,
}

/// The password was right. Nothing is issued for this yet.
pub(super) struct FirstFactor {
    user: Id,
    hash: PasswordHash,
    renewed: Option<PasswordHash>,
    counters: Counters,
    reservation: Reservation,
    turn: Option<Turn>,
}

/// Every factor that the account demands was right.
pub(super) struct Proven {
    pub(super) user: Id,
    /// The hash that the password was compared with: the gate makes sure that it is still the account's.
    pub(super) hash: PasswordHash,
    /// The same password hashed at the present cost.
    pub(super) renewed: Option<PasswordHash>,
    pub(super) counters: Counters,
    /// The attempt, which counts as a failure until a session is written or [`settle`](AccountService::settle) gives it back.
    reservation: Reservation,
    pub(super) methods: &'static str,
    /// The next attempt waits until this one's session is written, or refused.
    #[expect(dead_code, reason = "held until it is dropped")]
    turn: Option<Turn>,
}

impl FirstFactor {
    /// No account has a second factor yet, so the first is every factor.
    pub(super) fn complete(self) -> Proven {
        let Self { user, hash, renewed, counters, reservation, turn } = self;
        Proven { user, hash, renewed, counters, reservation, methods: PASSWORD, turn }
    }
}

impl AccountService {
    /// Waits for a turn to try a password under a user name or an e-mail address.
    pub(super) async fn attempt(&self, typed: &str, origin: &Origin) -> Result<Attempt, AccountError> {
        let place = self.0.in_flight.enter(origin.key())?;
        let login = Login::parse(typed);
        let candidate = self.candidate(&login).await?;
        Ok(self.take_turn(place, candidate, &login, origin).await)
    }

    /// Waits for a turn to try the password of a signed-in user once more.
    pub(super) async fn attempt_again(&self, user: Id, origin: &Origin) -> Result<Attempt, AccountError> {
        let place = self.0.in_flight.enter(origin.key())?;
        let candidate = self.candidate_by_id(user).await?;
        Ok(self.take_turn(place, Some(candidate), &Login::Nobody(String::new()), origin).await)
    }

    async fn take_turn(&self, place: Place, candidate: Option<Candidate>, login: &Login, origin: &Origin) -> Attempt {
        let counters = self.counters(candidate.as_ref().map(|candidate| candidate.id), login, origin.address);
        let turn = self.0.turns.take(&counters).await;
        Attempt { place, candidate, counters, turn }
    }

    /// Counts the attempt, then judges the password. Unknown, locked and wrong take the same time and end in the same error.
    ///
    /// Run it through [`Spawner::run_to_end`](portcullis_web::app::Spawner::run_to_end), together with all that settles the attempt: a
    /// client that disconnects must neither take back a guess nor turn a right password into a failure.
    pub(super) async fn judge(&self, attempt: Attempt, password: &Secret, origin: &Origin) -> Result<FirstFactor, AccountError> {
        let Attempt { place, candidate, counters, mut turn } = attempt;
        let user = candidate.as_ref().map(|candidate| candidate.id);
        let was_alone = turn.as_ref().is_none_or(Turn::is_alone);
        let mut reservation = self.reserve(&counters).await.map_err(|error| place.soften(error))?;
        if reservation == Reservation::Locked
            && let Some(crowded) = turn.take().filter(|turn| !was_alone || !turn.is_alone())
        {
            // Perhaps by attempts beside this one, which may turn out right.
            turn = crowded.alone().await;
            reservation = self.reserve_again(&counters).await?;
            turn = turn.filter(|_| reservation != Reservation::Locked);
        }
        // While the account is locked or disabled even the right password is compared with nobody's: the answer and its time say nothing.
        let open = candidate.filter(|candidate| !candidate.disabled && reservation != Reservation::Locked);
        let judged = open.and_then(|candidate| candidate.hash);
        // What is longer than any password is cut before it reaches the hash, and is wrong.
        let fits = password.expose().chars().count() <= self.0.policy.max_length();
        let (password, judged) = if fits { (password.clone(), judged) } else { (Secret::new(""), None) };
        let verdict = match self.0.hashing.verify(origin.key(), password.clone(), judged.clone()).await {
            Ok(verdict) => verdict,
            Err(unhashed) => {
                self.give_back(&counters, reservation).await?;
                return Err(unhashed.into());
            }
        };
        match (verdict, judged, user) {
            (Verdict::Right, Some(hash), Some(user)) => Ok(FirstFactor { user, hash, renewed: None, counters, reservation, turn }),
            (Verdict::RightButOutdated, Some(hash), Some(user)) => {
                let renewed = renew(&self.0.hashing, password, origin).await;
                Ok(FirstFactor { user, hash, renewed, counters, reservation, turn })
            }
            _ => {
                self.note_failure(user, reservation, origin).await?;
                Err(AccountError::Credentials(match reservation {
                    Reservation::Locked => "locked",
                    Reservation::Granted(_) => "unknown or disabled user, or wrong password",
                }))
            }
        }
    }

    /// Gives the attempt back when the password was right but nothing came of it, be it that the new password was refused or that the
    /// database failed: only a wrong password is a failure.
    pub(super) async fn settle<T>(&self, proven: &Proven, outcome: Result<T, AccountError>) -> Result<T, AccountError> {
        if outcome.is_err()
            && let Err(error) = self.give_back(&proven.counters, proven.reservation).await
        {
            tracing::error!(%error, "a right password stays counted as a failure");
        }
        outcome
    }

    /// Writes a failure to the audit log. A locked account's takes the same durable write as any other, so that time tells nothing.
    async fn note_failure(&self, user: Option<Id>, reservation: Reservation, origin: &Origin) -> Result<(), AccountError> {
        let settings = self.settings();
        let (kind, reason) = match reservation {
            Reservation::Locked => (Kind::LoginFail, "locked"),
            Reservation::Granted(count) if count >= i64::from(settings.failures_before_disabled) => (Kind::LoginFailMax, WRONG_PASSWORD),
            Reservation::Granted(count) if count >= i64::from(settings.failures_before_delay) => (Kind::LoginLock, WRONG_PASSWORD),
            Reservation::Granted(_) => (Kind::LoginFail, WRONG_PASSWORD),
        };
        self.record(Event::new(kind, origin).failed(reason).target(user)).await
    }
}

/// A full queue is no reason to refuse the log-in: the hash is renewed another time.
async fn renew(hashing: &HashingPool, password: Secret, origin: &Origin) -> Option<PasswordHash> {
    hashing.hash(origin.key(), password).await.ok()
}

const PASSWORD: &str = "pwd";
const WRONG_PASSWORD: &str = "wrong_password";
