//! The token endpoint ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

use http::{HeaderValue, StatusCode, header};
use portcullis_core::Secret;
use portcullis_web::extract::OAuthForm;
use portcullis_web::respond::Problem;

use super::outputs::TokenAnswer;
use crate::error::AccountError;
use crate::service::{AccountService, FIRST_PARTY, Origin};

/// Answers by grant type; a form without one is a log-in, as `FastAPI`'s `OAuth2PasswordRequestForm` has it.
pub(crate) async fn issue(accounts: &AccountService, origin: &Origin, form: &OAuthForm) -> Result<TokenAnswer, Problem> {
    match form.one("grant_type").unwrap_or("password") {
        "password" if accounts.settings().password_grant => by_password(accounts, origin, form).await,
        "refresh_token" => by_refresh_token(accounts, origin, form).await,
        _ => Err(no_store(Problem::oauth("unsupported_grant_type", "This grant type is not supported"))),
    }
}

async fn by_password(accounts: &AccountService, origin: &Origin, form: &OAuthForm) -> Result<TokenAnswer, Problem> {
    let (Some(username), Some(password)) = (form.one("username"), form.one("password")) else {
        return Err(no_store(Problem::oauth("invalid_request", "The parameters username and password are required")));
    };
    let granted = accounts.log_in(username, &Secret::new(password), form.one("scope"), origin).await;
    granted.map(TokenAnswer).map_err(problem)
}

async fn by_refresh_token(accounts: &AccountService, origin: &Origin, form: &OAuthForm) -> Result<TokenAnswer, Problem> {
    let Some(token) = form.one("refresh_token") else {
        return Err(no_store(Problem::oauth("invalid_request", "The parameter refresh_token is required")));
    };
    let granted = accounts.refresh(token, form.one("client_id").unwrap_or(FIRST_PARTY), form.one("scope"), origin).await;
    granted.map(TokenAnswer).map_err(problem)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other refusal has the form of all problems")]
fn problem(error: AccountError) -> Problem {
    no_store(match error {
        AccountError::Credentials(reason) => Problem::oauth("invalid_grant", "Incorrect username or password")
            .with_status(StatusCode::UNAUTHORIZED)
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            .because(reason),
        AccountError::Grant(reason) => Problem::oauth("invalid_grant", "The refresh token is not valid").because(reason),
        AccountError::Scope => Problem::oauth("invalid_scope", "The scope is unknown, malformed or wider than what was granted"),
        other => Problem::from(other),
    })
}

/// `Cache-Control: no-store` stands on every answer; older caches look for this one.
fn no_store(problem: Problem) -> Problem {
    problem.header(header::PRAGMA, HeaderValue::from_static("no-cache"))
}
