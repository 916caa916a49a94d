use portcullis_core::{Id, Timestamp};
use portcullis_store::{Record, Row, StoreError, Transaction};

use super::audit::{Event, Kind};
use super::links::Purpose;
use super::{AccountService, Origin};
use crate::error::AccountError;

/// Links that were neither used nor voided.
#[derive(Clone, Copy, Debug)]
pub(super) enum OpenLinks {
    /// For making the first administrator.
    SetUp,
    /// For setting this user's password.
    Of(Id),
    /// For setting this user's password, and those that this user made.
    OfAndBy(Id),
}

/// Why links become void, for the audit log.
#[derive(Debug)]
pub(super) struct Voiding<'a> {
    pub(super) reason: &'static str,
    pub(super) actor: Option<String>,
    pub(super) origin: &'a Origin,
}

struct Voided {
    user: Option<Id>,
    creator: Option<String>,
    expires_at: Timestamp,
}

impl AccountService {
    /// Voids links in the transaction of what makes them void; the audit log names each that was still valid.
    ///
    /// Call it before the statement that changes the user's row: every transaction that locks both locks the links first, as the use of a
    /// link does, so that none waits for another in a circle.
    pub(super) async fn void_links(&self, transaction: &mut Transaction, links: OpenLinks, why: &Voiding<'_>) -> Result<(), AccountError> {
        let voided: Vec<Voided> = match links {
            OpenLinks::SetUp => transaction.query(VOID_SET_UP).bind(Purpose::FirstAdministrator.name()).fetch_all().await?,
            OpenLinks::Of(user) => transaction.query(VOID_OF).bind(user).fetch_all().await?,
            OpenLinks::OfAndBy(user) => transaction.query(VOID_OF_AND_BY).bind(user).fetch_all().await?,
        };
        let now = self.now();
        for link in voided.into_iter().filter(|link| link.expires_at > now) {
            let mut event = Event::new(Kind::LinkVoided, why.origin).target(link.user).detail("reason", why.reason);
            if let Some(actor) = &why.actor {
                event = event.actor(actor.as_str());
            }
            event.detail("creator", link.creator).write(&self.0.audit, transaction, now)?;
        }
        Ok(())
    }
}

impl Record for Voided {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { user: row.take("user_id")?, creator: row.take("creator")?, expires_at: row.take("expires_at")? })
    }
}

const VOID_SET_UP: &str = "
DELETE FROM portcullis_links WHERE purpose = $1 AND used_at IS NULL RETURNING user_id, creator, expires_at";
const VOID_OF: &str = "
DELETE FROM portcullis_links WHERE user_id = $1 AND used_at IS NULL RETURNING user_id, creator, expires_at";
const VOID_OF_AND_BY: &str = "
DELETE FROM portcullis_links WHERE (user_id = $1 OR creator = $1) AND used_at IS NULL RETURNING user_id, creator, expires_at";
