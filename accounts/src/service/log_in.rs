use portcullis_core::{Id, Secret};

use super::audit::{Event, Kind};
use super::factors::Proven;
use super::gate::{Carrier, Grant, LiveSession, RefreshToken};
use super::{AccountService, Origin};
use crate::error::AccountError;
use crate::keys::Signer;

impl AccountService {
    /// Logs in with user name or e-mail address and password, for tokens that are restricted to this scope.
    ///
    /// # Errors
    /// [`AccountError::Scope`] when one of the scopes isn't declared;
    /// [`AccountError::Credentials`] whatever is wrong with the account or the password; [`AccountError::Throttled`] and
    /// [`AccountError::Busy`] when the try was not judged.
    pub async fn log_in(&self, username: &str, password: &Secret, scope: Option<&str>, origin: &Origin) -> Result<Grant, AccountError> {
        let scope = self.checked_scope(scope)?;
        // First: where nothing can sign, nothing is judged, and no session is written that nobody would get a token for.
        let signer = self.keys().signer()?;
        let attempt = self.attempt(username, origin).await?;
        let (service, password, origin) = (self.clone(), password.clone(), origin.clone());
        let judged = async move {
            let proven = service.judge(attempt, &password, &origin).await?.complete();
            let issued = service.issue_tokens(&signer, &proven, scope.as_deref(), &origin).await;
            service.settle(&proven, issued).await
        };
        self.0.spawner.run_to_end(judged).await
    }

    /// Logs in a browser: the value of its session cookie.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    pub async fn log_in_browser(&self, username: &str, password: &Secret, origin: &Origin) -> Result<Secret, AccountError> {
        let attempt = self.attempt(username, origin).await?;
        let (service, password, origin) = (self.clone(), password.clone(), origin.clone());
        let judged = async move {
            let proven = service.judge(attempt, &password, &origin).await?.complete();
            let issued = service.admitted(&proven, &Carrier::Cookie, &origin).await;
            service.settle(&proven, issued).await.map(|(_, cookie)| cookie)
        };
        self.0.spawner.run_to_end(judged).await
    }

    pub(super) async fn issue_tokens(
        &self,
        signer: &Signer,
        proven: &Proven,
        scope: Option<&str>,
        origin: &Origin,
    ) -> Result<Grant, AccountError> {
        let refresh = RefreshToken { id: Id::new(self.now()), created_at: self.now() };
        let (session, _) = self.admitted(proven, &Carrier::Tokens { scope, refresh: &refresh }, origin).await?;
        self.grant(signer, &session, &refresh, scope)
    }

    /// What was issued; a right password that was refused all the same is noted like a wrong one.
    async fn admitted(&self, proven: &Proven, carrier: &Carrier<'_>, origin: &Origin) -> Result<(LiveSession, Secret), AccountError> {
        let issued = self.issue_session(proven, carrier, origin).await;
        if matches!(issued, Err(AccountError::Credentials(_))) {
            self.record(Event::new(Kind::LoginFail, origin).failed("refused").target(Some(proven.user))).await?;
        }
        issued
    }
}
