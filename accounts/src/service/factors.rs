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

/// The password was right. Nothing is issued for this yet.
pub(super) struct FirstFactor {
    user: Id,
    hash: PasswordHash,
    renewed: Option<PasswordHash>,
    counters: Counters,
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
    pub(super) methods: &'static str,
    /// The next attempt waits until this one's session is written, or refused.
    #[expect(dead_code, reason = "held until it is dropped")]
    turn: Option<Turn>,
}

impl FirstFactor {
    /// No account has a second factor yet, so the first is every factor.
    pub(super) fn complete(self) -> Proven {
        Proven { user: self.user, hash: self.hash, renewed: self.renewed, counters: self.counters, methods: PASSWORD, turn: self.turn }
    }
}

impl AccountService {
    /// Judges a user name or e-mail address and a password. Unknown, locked and wrong take the same time and end in the same error.
    pub(super) async fn prove_by_password(&self, typed: &str, password: &Secret, origin: &Origin) -> Result<FirstFactor, AccountError> {
        let place = self.0.in_flight.enter(origin.key())?;
        let login = Login::parse(typed);
        let candidate = self.candidate(&login).await?;
        self.judge(place, candidate, &login, password, origin).await
    }

    /// Judges the password of a signed-in user once more.
    pub(super) async fn prove_again(&self, user: Id, password: &Secret, origin: &Origin) -> Result<FirstFactor, AccountError> {
        let place = self.0.in_flight.enter(origin.key())?;
        let candidate = self.candidate_by_id(user).await?;
        self.judge(place, Some(candidate), &Login::Nobody(String::new()), password, origin).await
    }

    async fn judge(
        &self,
        place: Place,
        candidate: Option<Candidate>,
        login: &Login,
        password: &Secret,
        origin: &Origin,
    ) -> Result<FirstFactor, AccountError> {
        let user = candidate.as_ref().map(|candidate| candidate.id);
        let counters = self.counters(user, login, origin.address);
        let mut turn = self.0.turns.take(&counters).await;
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
            (Verdict::Right, Some(hash), Some(user)) => Ok(FirstFactor { user, hash, renewed: None, counters, turn }),
            (Verdict::RightButOutdated, Some(hash), Some(user)) => {
                let renewed = renew(&self.0.hashing, password, origin).await;
                Ok(FirstFactor { user, hash, renewed, counters, turn })
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

    /// Judged failures go to the audit log; refused ones don't, or a flood of them would fill it.
    async fn note_failure(&self, user: Option<Id>, reservation: Reservation, origin: &Origin) -> Result<(), AccountError> {
        let Reservation::Granted(count) = reservation else {
            tracing::warn!(user = user.map(tracing::field::display), "log-in refused: locked");
            return Ok(());
        };
        let settings = self.settings();
        let kind = if count >= i64::from(settings.failures_before_disabled) {
            Kind::LoginFailMax
        } else if count >= i64::from(settings.failures_before_delay) {
            Kind::LoginLock
        } else {
            Kind::LoginFail
        };
        let event = Event::new(kind, origin).failed("wrong_password").target(user);
        self.record(event).await
    }
}

/// A full queue is no reason to refuse the log-in: the hash is renewed another time.
async fn renew(hashing: &HashingPool, password: Secret, origin: &Origin) -> Option<PasswordHash> {
    hashing.hash(origin.key(), password).await.ok()
}

const PASSWORD: &str = "pwd";
