//! Counts wrong passwords *before* they are judged.
//!
//! An attempt is reserved by one atomic statement; only a reserved attempt is hashed. So 200 parallel guesses are no more than 200 guesses in
//! a row. Accounts are counted by their identifier whatever name was typed, names that nobody has by the name. Within one process the
//! attempts at one account take turns, so that many right passwords at once are all right, and don't lock each other out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::password::{Busy, ClientKey};
use portcullis_core::{Id, Timestamp};
use portcullis_store::Transaction;
use tokio::sync::{Mutex, OwnedMutexGuard};

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

/// The turns of attempts: accounts share a fixed number of them, so memory is bounded.
pub(super) struct Turns(Vec<Arc<Mutex<()>>>);

/// An attempt's turn, until it is over.
pub(super) type Turn = OwnedMutexGuard<()>;

impl Turns {
    pub(super) fn new() -> Self {
        Self((0..TURNS).map(|_| Arc::default()).collect())
    }

    /// Waits until the attempts before this one are over.
    pub(super) async fn take(&self, counters: &Counters) -> Option<Turn> {
        let number = counters.account.bytes().take(8).fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let turn = self.0.get(number % TURNS)?;
        Some(Arc::clone(turn).lock_owned().await)
    }
}

/// How many attempts of each address are being judged at this moment.
///
/// They are counted as failures until they turn out right. Many right ones at once from one office must not use up what the address may
/// fail: those that don't fit wait a second, not for the end of the window.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<std::sync::Mutex<HashMap<ClientKey, u32>>>);

/// A place among the attempts of an address, until it is dropped.
pub(super) struct Place {
    in_flight: InFlight,
    address: ClientKey,
}

impl InFlight {
    /// Takes a place, unless so many are taken.
    pub(super) fn enter(&self, address: ClientKey, most: u32) -> Result<Place, AccountError> {
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= most.max(1) {
            return Err(AccountError::Busy(Busy { retry_after: SOON }));
        }
        *count += 1;
        Ok(Place { in_flight: self.clone(), address })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<ClientKey, u32>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Place {
    /// An address that is refused because of attempts beside this one may come back when those are judged.
    pub(super) fn soften(&self, error: AccountError) -> AccountError {
        let is_alone = self.in_flight.counts().get(&self.address).is_none_or(|count| *count <= 1);
        if is_alone || !matches!(error, AccountError::Throttled { .. }) { error } else { AccountError::Busy(Busy { retry_after: SOON }) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.in_flight.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
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
    pub(super) async fn reserve(&self, counters: &Counters) -> Result<Reservation, AccountError> {
        let now = self.now();
        let mut transaction = self.database().begin().await?;
        if let Some(address) = &counters.address {
            self.reserve_address(&mut transaction, address, now).await?;
        }
        let settings = self.settings();
        let count: Option<(i64,)> = transaction
            .query(RESERVE_ACCOUNT)
            .bind(counters.account.as_str())
            .bind(counters.kind)
            .bind(now)
            .bind(i64::from(settings.failures_before_delay))
            .bind(micros(settings.first_delay_seconds))
            .bind(micros(settings.longest_delay_seconds))
            .bind(i64::from(settings.failures_before_disabled))
            .fetch_optional()
            .await?;
        transaction.commit().await?;
        Ok(count.map_or(Reservation::Locked, |(count,)| Reservation::Granted(count)))
    }

    /// Gives a reserved attempt back that was not judged: too many were waiting for a hash.
    pub(super) async fn give_back(&self, counters: &Counters, reservation: Reservation) -> Result<(), AccountError> {
        let mut transaction = self.database().begin().await?;
        if let Reservation::Granted(count) = reservation {
            transaction
                .query(GIVE_BACK)
                .bind(counters.account.as_str())
                .bind(count >= i64::from(self.settings().failures_before_delay))
                .execute()
                .await?;
        }
        counters.give_address_back(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn reserve_address(&self, transaction: &mut Transaction, address: &str, now: Timestamp) -> Result<(), AccountError> {
        let window = Duration::from_secs(u64::from(self.settings().address_window_seconds));
        let reserved: Option<(i64,)> = transaction
            .query(RESERVE_ADDRESS)
            .bind(address)
            .bind(now)
            .bind(now + window)
            .bind(i64::from(self.settings().failures_per_address))
            .fetch_optional()
            .await?;
        if reserved.is_some() {
            return Ok(());
        }
        let until: Option<(Timestamp,)> = transaction
            .query("SELECT blocked_until FROM portcullis_login_attempts WHERE digest = $1")
            .bind(address)
            .fetch_optional()
            .await?;
        let rest = until.map_or(window, |(until,)| until.since(now));
        Err(AccountError::Throttled { retry_after: Duration::from_secs(rest.as_secs() + 1) })
    }
}

impl Counters {
    /// The password was right: the account's counter starts anew, and the address gets its attempt back.
    pub(super) async fn clear(&self, transaction: &mut Transaction) -> Result<(), AccountError> {
        self.forgive(transaction).await?;
        self.give_address_back(transaction).await
    }

    async fn give_address_back(&self, transaction: &mut Transaction) -> Result<(), AccountError> {
        if let Some(address) = &self.address {
            transaction
                .query("UPDATE portcullis_login_attempts SET failures = failures - 1 WHERE digest = $1 AND failures > 0")
                .bind(address.as_str())
                .execute()
                .await?;
        }
        Ok(())
    }

    /// The password was set anew: the account's counter starts anew.
    pub(super) async fn forgive(&self, transaction: &mut Transaction) -> Result<(), AccountError> {
        transaction.query("DELETE FROM portcullis_login_attempts WHERE digest = $1").bind(self.account.as_str()).execute().await?;
        Ok(())
    }
}

fn micros(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}

const TURNS: usize = 1024;
const SOON: Duration = Duration::from_secs(1);
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
