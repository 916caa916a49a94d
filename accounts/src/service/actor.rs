//! Who administers, and what they may do when the change takes effect.
//!
//! The gate judged the request by the role that the actor had a moment ago. Every administrative change therefore reads the actor again in
//! its own transaction, where no other change can come in between: refused are actors that are gone, disabled, signed out or demoted.

use portcullis_core::{Id, Principal, RoleEntry};

use super::change::Change;
use crate::error::AccountError;

/// Who administers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// A signed-in user; the endpoint's policy let them pass.
    User(Principal),
    /// Whoever can run commands beside the database.
    CommandLine,
}

/// An actor as the transaction of a change sees them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Standing {
    /// The operator, who has no account and may do everything.
    Operator,
    /// A user who may sign in, with their present role.
    User(Id, &'static RoleEntry),
}

impl Actor {
    pub(super) fn name(&self) -> String {
        match self {
            Self::User(principal) => principal.qualified().to_owned(),
            Self::CommandLine => "command line".to_owned(),
        }
    }
}

impl Standing {
    /// Refuses a role that exceeds the actor's own, in rank or in any permission.
    pub(super) fn manages(self, role: Option<&RoleEntry>) -> Result<(), AccountError> {
        let manages = match (self, role) {
            (Self::Operator, _) => true,
            (Self::User(_, own), Some(role)) => own.covers(role),
            // The application has no such role any more: nobody knows what it was worth.
            (Self::User(_, own), None) => own.top,
        };
        manages.then_some(()).ok_or(AccountError::RoleTooLow)
    }
}

impl Change<'_> {
    /// Reads the actor in this transaction.
    pub(super) async fn standing(&mut self, actor: &Actor) -> Result<Standing, AccountError> {
        let Actor::User(principal) = actor else { return Ok(Standing::Operator) };
        let identity = principal.identity();
        let (Some(user), Some(judged)) = (principal.id(), identity.role) else { return Err(AccountError::RoleTooLow) };
        if let Some(session) = identity.session {
            let now = self.now();
            let alive: Option<Id> = self.query(SESSION).bind(session).bind(user).bind(now).fetch_optional().await?;
            alive.ok_or(AccountError::RoleTooLow)?;
        }
        self.standing_of(user, judged).await
    }

    /// Reads a user in this transaction, whose role was judged earlier: their present role must be worth as much.
    pub(super) async fn standing_of(&mut self, user: Id, judged: &RoleEntry) -> Result<Standing, AccountError> {
        let role: Option<String> = self.query(ENABLED).bind(user).fetch_optional().await?;
        let present = role.and_then(|role| self.role(&role)).filter(|present| present.covers(judged));
        present.map(|role| Standing::User(user, role)).ok_or(AccountError::RoleTooLow)
    }
}

const ENABLED: &str = "SELECT role FROM portcullis_users WHERE id = $1 AND disabled_at IS NULL";
const SESSION: &str = "
SELECT id FROM portcullis_sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3";
