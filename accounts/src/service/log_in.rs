use portcullis_core::{Id, Secret};

use super::audit::{Event, Kind};
use super::factors::Proven;
use super::gate::{Carrier, Grant, RefreshToken};
use super::{AccountService, Origin};
use crate::error::AccountError;

impl AccountService {
    /// Logs in with user name or e-mail address and password, for tokens.
    ///
    /// # Errors
    /// [`AccountError::Credentials`] whatever is wrong with the account or the password; [`AccountError::Throttled`] and
    /// [`AccountError::Busy`] when the try was not judged.
    pub async fn log_in(&self, username: &str, password: &Secret, scope: Option<&str>, origin: &Origin) -> Result<Grant, AccountError> {
        let scope = scope.map(checked_scope).transpose()?;
        let proven = self.prove_by_password(username, password, origin).await?.complete();
        self.issue_tokens(&proven, scope, origin).await
    }

    /// Logs in a browser: the value of its session cookie.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    pub async fn log_in_browser(&self, username: &str, password: &Secret, origin: &Origin) -> Result<Secret, AccountError> {
        let proven = self.prove_by_password(username, password, origin).await?.complete();
        let mut transaction = self.database().begin().await?;
        let issued = self.issue_session(&mut transaction, &proven, &Carrier::Cookie, origin).await;
        let (_, cookie) = self.admitted(issued, proven.user, origin, transaction).await?;
        Ok(cookie)
    }

    pub(super) async fn issue_tokens(&self, proven: &Proven, scope: Option<&str>, origin: &Origin) -> Result<Grant, AccountError> {
        let mut transaction = self.database().begin().await?;
        let issued = match self.issue_session(&mut transaction, proven, &Carrier::Tokens { scope }, origin).await {
            Ok((session, _)) => {
                let refresh = RefreshToken { id: Id::new(self.now()), created_at: self.now() };
                self.write_refresh_token(&mut transaction, &session, &refresh)?;
                self.grant(&session, &refresh, scope)
            }
            Err(error) => Err(error),
        };
        self.admitted(issued, proven.user, origin, transaction).await
    }

    /// Commits what was issued; a right password that was refused all the same is noted like a wrong one.
    async fn admitted<T>(
        &self,
        issued: Result<T, AccountError>,
        user: Id,
        origin: &Origin,
        transaction: portcullis_store::Transaction,
    ) -> Result<T, AccountError> {
        match issued {
            Ok(value) => {
                transaction.commit().await?;
                Ok(value)
            }
            Err(AccountError::Credentials(reason)) => {
                drop(transaction);
                self.record(Event::new(Kind::LoginFail, origin).failed("refused").target(Some(user))).await?;
                Err(AccountError::Credentials(reason))
            }
            Err(other) => Err(other),
        }
    }
}

/// A scope of [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3), within a bound.
pub(super) fn checked_scope(text: &str) -> Result<&str, AccountError> {
    let token = |one: &str| !one.is_empty() && one.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    if text.len() <= MAX_SCOPE && text.split(' ').all(token) { Ok(text) } else { Err(AccountError::Scope) }
}

const MAX_SCOPE: usize = 1000;
