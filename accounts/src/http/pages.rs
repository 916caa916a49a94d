//! Pages for people: rendered here, escaped by the templates, without scripts.

use askama::Template;
use http::{HeaderValue, StatusCode, header};
use portcullis_core::Secret;
use portcullis_web::Response;
use portcullis_web::app::OperationDoc;
use portcullis_web::respond::{Answer, Html, Problem};

use super::cookie;
use super::inputs::{Code, LogInForm, SetPasswordForm, SetUpForm};
use crate::error::AccountError;
use crate::name::Username;
use crate::service::{AccountService, Origin};

/// A page, or after a success the way to the next one.
pub(crate) enum Shown {
    /// A page with this status.
    Page(StatusCode, String),
    /// 303 to another page ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)), perhaps with a session.
    Next(&'static str, Option<Secret>),
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing<'a> {
    name: &'a str,
}

/// A form of up to two fields.
#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    name: &'a str,
    title: &'a str,
    lead: &'a str,
    action: &'a str,
    button: &'a str,
    code: Option<&'a str>,
    username: Option<&'a str>,
    new_password: bool,
    problem: &'a str,
}

pub(crate) fn landing(accounts: &AccountService) -> Result<Shown, Problem> {
    page(StatusCode::OK, &Landing { name: accounts.service_name() })
}

pub(crate) fn log_in(accounts: &AccountService) -> Result<Shown, Problem> {
    page(StatusCode::OK, &log_in_form(accounts.service_name(), "", ""))
}

pub(crate) async fn logged_in(accounts: &AccountService, origin: &Origin, form: &LogInForm) -> Result<Shown, Problem> {
    let refused = |status, problem: &str| page(status, &log_in_form(accounts.service_name(), &form.username, problem));
    match accounts.log_in_browser(&form.username, &form.password, origin).await {
        Ok(cookie) => Ok(Shown::Next("/", Some(cookie))),
        Err(AccountError::Credentials(_)) => refused(StatusCode::UNPROCESSABLE_ENTITY, "Incorrect username or password."),
        Err(other) => Err(other.into()),
    }
}

pub(crate) fn set_up(accounts: &AccountService, code: &Code) -> Result<Shown, Problem> {
    page(StatusCode::OK, &set_up_form(accounts.service_name(), &code.code, "", ""))
}

pub(crate) async fn is_set_up(accounts: &AccountService, origin: &Origin, form: &SetUpForm) -> Result<Shown, Problem> {
    let made = match form.username.parse::<Username>() {
        Ok(username) => accounts.set_up(form.code.expose(), &username, &form.password, origin).await,
        Err(refusal) => Err(refusal.into()),
    };
    match made {
        Ok(_) => Ok(Shown::Next("/login", None)),
        Err(error) => {
            let problem = told(error)?;
            page(StatusCode::UNPROCESSABLE_ENTITY, &set_up_form(accounts.service_name(), form.code.expose(), &form.username, &problem))
        }
    }
}

pub(crate) fn set_password(accounts: &AccountService, code: &Code) -> Result<Shown, Problem> {
    page(StatusCode::OK, &set_password_form(accounts.service_name(), &code.code, ""))
}

pub(crate) async fn password_is_set(accounts: &AccountService, origin: &Origin, form: &SetPasswordForm) -> Result<Shown, Problem> {
    match accounts.set_password_by_link(form.code.expose(), &form.password, origin).await {
        Ok(_) => Ok(Shown::Next("/login", None)),
        Err(error) => {
            let problem = told(error)?;
            page(StatusCode::UNPROCESSABLE_ENTITY, &set_password_form(accounts.service_name(), form.code.expose(), &problem))
        }
    }
}

/// The sentence for the page, where it is the visitor who can mend it.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other refusal is no sentence for the page")]
fn told(error: AccountError) -> Result<String, Problem> {
    match error {
        AccountError::Password(refusal) => Ok(refusal.to_string()),
        AccountError::Username(refusal) => Ok(refusal.to_string()),
        AccountError::UsernameTaken => Ok("Somebody has this user name.".to_owned()),
        AccountError::SetUp => Ok("There is an administrator already.".to_owned()),
        AccountError::Grant(_) => Ok("The link is unknown, used or expired. Ask for a new one.".to_owned()),
        other => Err(other.into()),
    }
}

const fn log_in_form<'a>(name: &'a str, username: &'a str, problem: &'a str) -> FormPage<'a> {
    FormPage {
        name,
        title: "Log in",
        lead: "",
        action: "/login",
        button: "Log in",
        code: None,
        username: Some(username),
        new_password: false,
        problem,
    }
}

const fn set_up_form<'a>(name: &'a str, code: &'a str, username: &'a str, problem: &'a str) -> FormPage<'a> {
    FormPage {
        name,
        title: "Make the first administrator",
        lead: "This works once. Afterwards log in with what you choose here.",
        action: "/setup",
        button: "Make the administrator",
        code: Some(code),
        username: Some(username),
        new_password: true,
        problem,
    }
}

const fn set_password_form<'a>(name: &'a str, code: &'a str, problem: &'a str) -> FormPage<'a> {
    FormPage {
        name,
        title: "Set your password",
        lead: "This works once, and ends every session that is open.",
        action: "/set-password",
        button: "Set the password",
        code: Some(code),
        username: None,
        new_password: true,
        problem,
    }
}

fn page(status: StatusCode, template: &impl Template) -> Result<Shown, Problem> {
    template.render().map(|html| Shown::Page(status, html)).map_err(Problem::internal)
}

impl Answer for Shown {
    fn describe(operation: &mut OperationDoc<'_>) {
        Html::describe(operation);
        operation.empty_response(303, "Continue at another page.");
        for status in [400, 401, 409, 422, 429, 503] {
            operation.text_response(status, "A page that says what is wrong.", "text/html");
        }
    }

    fn into_answer(self) -> Response {
        match self {
            Self::Page(status, html) => {
                let mut response = Html(html.into()).into_answer();
                *response.status_mut() = status;
                response
            }
            Self::Next(path, session) => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::SEE_OTHER;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path));
                if let Some(cookie) = session.as_ref().and_then(cookie::session) {
                    response.headers_mut().insert(header::SET_COOKIE, cookie);
                }
                response
            }
        }
    }
}
