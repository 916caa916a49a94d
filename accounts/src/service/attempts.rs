//! Counts wrong passwords *before* they are judged.
//!
//! An attempt is reserved by one atomic statement; only a reserved attempt is hashed. So 200 parallel guesses are no more than 200 guesses in
//! a row. Accounts are counted by their identifier whatever name was typed, names that nobody has by the name.
//! Every transaction takes the address's row before the account's, so that no two wait for each other.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::password::ClientKey;
use portcullis_core::{Id, Timestamp};
use portcullis_store::{Answers, Batch, Statements, StoreError};

use super::AccountService;
use crate::error::AccountError;
use crate::name::Login;

/// What a try at a password is counted under.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    account: String,
    kind: &'static str,
    address: Option<String>,
}

/// Whether an attempt may be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// It may; with it the counter stands at this number.
    Granted(i64),
    /// The account is locked for the moment, or its password is disabled.
    Locked,
}

impl AccountService {
    pub(super) fn counters(&self, account: Option<Id>, typed: &Login, address: Option<IpAddr>) -> Counters {
        let (kind, account) = match account {
            Some(id) => (ACCOUNT, id.to_string()),
            None => (NOBODY, typed.text().to_owned()),
        };
        let digest = |kind: &str, text: &str| {
            let tag = hmac::sign(&self.0.attempt_key, format!("{kind} {text}").as_bytes());
            URL_SAFE_NO_PAD.encode(tag)
        };
        let address = address.map(|address| digest(ADDRESS, &format!("{:?}", ClientKey::of(address))));
        Counters { account: digest(kind, &account), kind, address }
    }

    /// Reserves an attempt for the address and the account.
    ///
    /// It waits for no disk: whoever can cut the power gets no more from it than a few tries.
    pub(super) async fn reserve(&self, counters: &Counters) -> Result<Reservation, AccountError> {
        let now = self.now();
        let mut batch = self.database().batch().lenient();
        if let Some(address) = &counters.address {
            let window = self.address_window();
            batch
                .query(RESERVE_ADDRESS)
                .bind(address.as_str())
                .bind(now)
                .bind(now + window)
                .bind(i64::from(self.settings().failures_per_address))
                .needed()?;
        }
        self.reserve_account(&mut batch, counters, now)?;
        let mut answers = match (batch.commit().await, &counters.address) {
            (Err(StoreError::NotFound), Some(address)) => return Err(self.throttled(address, now).await?),
            (answers, _) => answers?,
        };
        if counters.address.is_some() {
            let _: Option<i64> = answers.next_row()?;
        }
        Reservation::of(&mut answers)
    }

    /// Reserves an attempt for the account whose address has one already.
    pub(super) async fn reserve_again(&self, counters: &Counters) -> Result<Reservation, AccountError> {
        let mut batch = self.database().batch().lenient();
        self.reserve_account(&mut batch, counters, self.now())?;
        Reservation::of(&mut batch.commit().await?)
    }

    fn reserve_account(&self, batch: &mut Batch<'_>, counters: &Counters, now: Timestamp) -> Result<(), AccountError> {
        let settings = self.settings();
        Ok(batch
            .query(RESERVE_ACCOUNT)
            .bind(counters.account.as_str())
            .bind(counters.kind)
            .bind(now)
            .bind(i64::from(settings.failures_before_delay))
            .bind(micros(settings.first_delay_seconds))
            .bind(micros(settings.longest_delay_seconds))
            .bind(i64::from(settings.failures_before_disabled))
            .wanted()?)
    }

    /// When the address may try again.
    async fn throttled(&self, address: &str, now: Timestamp) -> Result<AccountError, AccountError> {
        let until = self.database().query("SELECT blocked_until FROM portcullis_login_attempts WHERE digest = $1");
        let until: Option<Timestamp> = until.bind(address).fetch_optional().await?;
        let rest = until.map_or_else(|| self.address_window(), |until| until.since(now));
        Ok(AccountError::Throttled { retry_after: Duration::from_secs(rest.as_secs() + 1) })
    }

    fn address_window(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings().address_window_seconds))
    }

    /// Gives a reserved attempt back that was not judged: too many were waiting for a hash.
    pub(super) async fn give_back(&self, counters: &Counters, reservation: Reservation) -> Result<(), AccountError> {
        let mut batch = self.database().batch();
        counters.give_address_back(&mut batch)?;
        if let Reservation::Granted(count) = reservation {
            batch
                .query(GIVE_BACK)
                .bind(counters.account.as_str())
                .bind(count >= i64::from(self.settings().failures_before_delay))
                .later()?;
        }
        batch.commit().await?;
        Ok(())
    }
}

impl Reservation {
    /// What the statement that reserves for the account answered.
    fn of(answers: &mut Answers) -> Result<Self, AccountError> {
        let count: Option<i64> = answers.next_row()?;
        Ok(count.map_or(Self::Locked, Self::Granted))
    }
}

impl Counters {
    /// What the account is counted under.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// The password was right: the account's counter starts anew, and the address gets its attempt back.
    pub(super) fn clear(&self, statements: &mut impl Statements) -> Result<(), AccountError> {
        self.give_address_back(statements)?;
        self.forgive(statements)
    }

    fn give_address_back(&self, statements: &mut impl Statements) -> Result<(), AccountError> {
        if let Some(address) = &self.address {
            statements
                .query("UPDATE portcullis_login_attempts SET failures = failures - 1 WHERE digest = $1 AND failures > 0")
                .bind(address.as_str())
                .later()?;
        }
        Ok(())
    }

    /// The password was set anew: the account's counter starts anew.
    pub(super) fn forgive(&self, statements: &mut impl Statements) -> Result<(), AccountError> {
        Ok(statements.query("DELETE FROM portcullis_login_attempts WHERE digest = $1").bind(self.account.as_str()).later()?)
    }
}

fn micros(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}

pub(super) const ACCOUNT: &str = "account";
pub(super) const NOBODY: &str = "nobody";
pub(super) const ADDRESS: &str = "address";

/// $1 digest, $2 kind, $3 now, $4 failures before a delay, $5 first delay, $6 longest delay, $7 failures before disabled.
const RESERVE_ACCOUNT: &str = "
INSERT INTO portcullis_login_attempts (digest, kind, failures, blocked_until, last_at)
VALUES ($1, $2, 1, CASE WHEN $4 <= 1 THEN $3 + $5 ELSE 0 END, $3)
ON CONFLICT (digest) DO UPDATE SET
    failures = portcullis_login_attempts.failures + 1,
    last_at = $3,
    blocked_until = CASE
        WHEN portcullis_login_attempts.failures + 1 < $4 THEN 0
        WHEN portcullis_login_attempts.failures + 1 = $4 THEN $3 + $5
        WHEN portcullis_login_attempts.failures + 1 = $4 + 1 AND $5 * 2 < $6 THEN $3 + $5 * 2
        WHEN portcullis_login_attempts.failures + 1 = $4 + 2 AND $5 * 4 < $6 THEN $3 + $5 * 4
        WHEN portcullis_login_attempts.failures + 1 = $4 + 3 AND $5 * 8 < $6 THEN $3 + $5 * 8
        WHEN portcullis_login_attempts.failures + 1 = $4 + 4 AND $5 * 16 < $6 THEN $3 + $5 * 16
        WHEN portcullis_login_attempts.failures + 1 = $4 + 5 AND $5 * 32 < $6 THEN $3 + $5 * 32
        WHEN portcullis_login_attempts.failures + 1 = $4 + 6 AND $5 * 64 < $6 THEN $3 + $5 * 64
        ELSE $3 + $6
    END
WHERE portcullis_login_attempts.blocked_until <= $3 AND portcullis_login_attempts.failures < $7
RETURNING failures";

/// $1 digest, $2 whether this attempt began a delay: nobody else got one meanwhile.
const GIVE_BACK: &str = "
UPDATE portcullis_login_attempts SET failures = failures - 1, blocked_until = CASE WHEN $2 THEN 0 ELSE blocked_until END
WHERE digest = $1 AND failures > 0";

/// $1 digest, $2 now, $3 end of a new window, $4 failures of the window.
const RESERVE_ADDRESS: &str = "
INSERT INTO portcullis_login_attempts (digest, kind, failures, blocked_until, last_at) VALUES ($1, 'address', 1, $3, $2)
ON CONFLICT (digest) DO UPDATE SET
    failures = CASE WHEN portcullis_login_attempts.blocked_until <= $2 THEN 1 ELSE portcullis_login_attempts.failures + 1 END,
    blocked_until = CASE WHEN portcullis_login_attempts.blocked_until <= $2 THEN $3 ELSE portcullis_login_attempts.blocked_until END,
    last_at = $2
WHERE portcullis_login_attempts.blocked_until <= $2 OR portcullis_login_attempts.failures < $4
RETURNING failures";
