use http::StatusCode;
use portcullis_core::password::PasswordRefusal;
use portcullis_web::respond::{FieldError, Problem};

use crate::error::AccountError;

/// What each refusal is for the client; the table of answers.
impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Credentials(reason) => {
                field("/old_password", "wrong_password", "This is not the present password.").because(reason)
            }
            AccountError::Grant(reason) => {
                Self::bad_request("invalid_code", "The link is unknown, used or expired. Ask for a new one.").because(reason)
            }
            AccountError::Scope => Self::bad_request("invalid_scope", "The scope is unknown, malformed or wider than what was granted."),
            AccountError::Throttled { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", "Too many wrong passwords: wait, then try again.")
                    .kind("https://iana.org/assignments/http-problem-types#quota-exceeded")
                    .retry_after(retry_after.as_secs())
            }
            AccountError::Busy(busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many log-ins at the moment: wait, then try again.")
                    .kind("https://iana.org/assignments/http-problem-types#temporary-reduced-capacity")
                    .retry_after(busy.retry_after.as_secs())
            }
            AccountError::Password(refusal) => refused_password("/password", refusal),
            AccountError::Username(refusal) => field("/username", "not_a_username", refusal.to_string()),
            AccountError::UsernameTaken => Self::conflict("username_taken", "Somebody has this user name."),
            AccountError::EmailTaken => Self::conflict("email_taken", "Somebody has this e-mail address."),
            AccountError::UnknownUser => Self::not_found(),
            AccountError::UnknownRole => field("/role", "unknown_role", "There is no such role."),
            AccountError::RoleTooLow => {
                Self::forbidden().because("the role concerned exceeds the actor's present one, or the actor may not act any more")
            }
            AccountError::LastAdministrator => {
                Self::conflict("last_administrator", "Nobody could administer the service afterwards: make another administrator first.")
            }
            AccountError::RegistrationClosed => Self::forbidden().because("registration is closed"),
            AccountError::SetUp => Self::conflict("set_up", "There is an administrator already."),
            AccountError::Store(error) => error.into(),
            AccountError::Internal(cause) => Self::internal(cause),
        }
    }
}

pub(super) fn refused_password(pointer: &str, refusal: PasswordRefusal) -> Problem {
    field(pointer, refusal.code(), refusal.to_string())
}

fn field(pointer: &str, code: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail: detail.into() }])
}
