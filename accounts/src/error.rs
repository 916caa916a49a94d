use std::time::Duration;

use portcullis_core::password::{Busy, PasswordRefusal, Unhashed};
use portcullis_store::StoreError;

use crate::name::NotAUsername;
use crate::secrets::SecretError;

/// Why accounts refuse or fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// User name and password don't open an account; for the client it is all one whether the user is unknown, locked or disabled.
    #[error("incorrect username or password: {0}")]
    Credentials(&'static str),
    /// The refresh token, link or cookie is unknown, expired, used or revoked.
    #[error("invalid grant: {0}")]
    Grant(&'static str),
    /// The scope is unknown, malformed or wider than what was granted.
    #[error("the scope is unknown, malformed or wider than what was granted")]
    Scope,
    /// Too many wrong passwords came from this address.
    #[error("too many wrong passwords from this address")]
    Throttled {
        /// When a new try will be judged.
        retry_after: Duration,
    },
    /// Too many wait for a hash.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The new password breaks the policy.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// The text is no user name.
    #[error(transparent)]
    Username(#[from] NotAUsername),
    /// Somebody has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Somebody has proven that this address is theirs.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The application has no such role.
    #[error("there is no such role")]
    UnknownRole,
    /// The actor's present role lacks rank or a permission of the role concerned, or the actor may not act any more.
    #[error("this needs a role at least as trusted as the one concerned, with every permission of it")]
    RoleTooLow,
    /// Nobody could administer the service afterwards.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// Strangers cannot make accounts here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// There is an administrator already.
    #[error("there is an administrator already")]
    SetUp,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else went wrong here; the text is for the log.
    #[error("{0}")]
    Internal(String),
}

impl From<SecretError> for AccountError {
    fn from(error: SecretError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Unhashed> for AccountError {
    fn from(error: Unhashed) -> Self {
        match error {
            Unhashed::Busy(busy) => Self::Busy(busy),
            Unhashed::Failed(_) | _ => Self::Internal(error.to_string()),
        }
    }
}
