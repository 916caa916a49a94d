use http::{HeaderValue, StatusCode, header};
use portcullis_core::{Id, RoleEntry, Secret, Timestamp};
use portcullis_macros::output;
use portcullis_web::Response;
use portcullis_web::app::OperationDoc;
use portcullis_web::extract::Json;
use portcullis_web::respond::Answer;
use serde_json::json;

use super::cookie;
use crate::service::{AuditView, Grant, Invited, UserView};

/// A user.
#[output]
#[derive(Debug)]
pub(crate) struct UserOut {
    /// The identifier, the `sub` of the user's tokens.
    id: Id,
    /// The user name.
    username: String,
    /// The e-mail address.
    email: Option<String>,
    /// Whether the address is proven to be the user's.
    email_verified: bool,
    /// The role.
    role: String,
    /// Whether the user is shut out.
    disabled: bool,
    /// When the account was made.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
    /// When the user last logged in.
    last_login_at: Option<Timestamp>,
}

impl From<UserView> for UserOut {
    fn from(user: UserView) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            email_verified: user.email_verified,
            role: user.role,
            disabled: user.disabled,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// A user without a password yet, and the link to set one. The link is shown this once.
#[output]
pub(crate) struct InvitationView {
    /// The user.
    user: UserOut,
    /// Where the password is set, once.
    set_password_link: String,
}

impl From<Invited> for InvitationView {
    fn from(invited: Invited) -> Self {
        Self { user: invited.user.into(), set_password_link: invited.link.expose().to_owned() }
    }
}

/// A role.
#[output]
pub(crate) struct RoleView {
    /// The name.
    name: &'static str,
    /// The permissions granted by name; the top role holds every permission.
    permissions: Vec<&'static str>,
    /// Whether it is the most trusted role.
    top: bool,
}

impl From<&'static RoleEntry> for RoleView {
    fn from(role: &'static RoleEntry) -> Self {
        Self { name: role.name, permissions: role.permissions.to_vec(), top: role.top }
    }
}

/// A line of the audit log.
#[output]
pub(crate) struct AuditEventView {
    /// The identifier, which sorts by time.
    id: Id,
    /// When.
    at: Timestamp,
    /// What, by the OWASP logging vocabulary.
    kind: String,
    /// `info`, `warn` or `critical`.
    level: String,
    /// Who did it.
    actor: Option<String>,
    /// To whom.
    target: Option<String>,
    /// `success` or `failure`.
    outcome: String,
    /// Why it failed.
    reason: Option<String>,
    /// From where.
    client_address: Option<String>,
    /// The request's identifier.
    request_id: Option<String>,
    /// More, as the text of a JSON object.
    details: String,
}

impl From<AuditView> for AuditEventView {
    fn from(event: AuditView) -> Self {
        Self {
            id: event.id,
            at: event.at,
            kind: event.kind,
            level: event.level,
            actor: event.actor,
            target: event.target,
            outcome: event.outcome,
            reason: event.reason,
            client_address: event.client_address,
            request_id: event.request_id,
            details: event.details,
        }
    }
}

/// New tokens, in the form of [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
pub(crate) struct TokenAnswer(pub(crate) Grant);

#[output]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    refresh_token: String,
    scope: String,
}

impl portcullis_web::__private::AnswerSeal for TokenAnswer {}
impl Answer for TokenAnswer {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.json_response::<Tokens>(200, "New tokens.");
        let text = json!({"type": "string"});
        let schema = json!({
            "type": "object", "required": ["error", "error_description", "detail"], "additionalProperties": false,
            "properties": {"error": text, "error_description": text, "detail": text}
        });
        for (status, description) in [
            (400, "The request is malformed, or the refresh token is not valid (RFC 6749 section 5.2)."),
            (401, "Incorrect username or password."),
        ] {
            operation.response(status, json!({"description": description, "content": {"application/json": {"schema": schema}}}));
        }
    }

    fn into_answer(self) -> Response {
        let mut response = Json(Tokens {
            access_token: self.0.access_token.expose().to_owned(),
            token_type: "bearer",
            expires_in: self.0.expires_in,
            refresh_token: self.0.refresh_token.expose().to_owned(),
            scope: self.0.scope,
        })
        .into_answer();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

/// The session that follows a changed password, in the form of the one before.
pub(crate) enum PasswordChanged {
    /// 200 with new tokens.
    Tokens(Grant),
    /// 204 with a new cookie.
    Cookie(Secret),
}

impl portcullis_web::__private::AnswerSeal for PasswordChanged {}
impl Answer for PasswordChanged {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.json_response::<Tokens>(200, "New tokens.");
        operation.empty_response(204, "A new session cookie, where the request came with one.");
    }

    fn into_answer(self) -> Response {
        match self {
            Self::Tokens(grant) => TokenAnswer(grant).into_answer(),
            Self::Cookie(value) => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NO_CONTENT;
                if let Some(cookie) = cookie::session(&value) {
                    response.headers_mut().insert(header::SET_COOKIE, cookie);
                }
                response
            }
        }
    }
}
