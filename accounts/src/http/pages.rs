//! Pages for people: rendered here, escaped by the templates, without scripts.

use askama::Template;
use http::{HeaderValue, StatusCode, header};
use portcullis_core::Secret;
use portcullis_web::Response;
use portcullis_web::app::OperationDoc;
use portcullis_web::respond::{Answer, Html, Problem};

use super::cookie;
use super::inputs::{Code, LogInForm, SetPasswordForm, SetUpForm};
use super::{LinkCodes, LinkPage};
use crate::error::AccountError;
use crate::name::Username;
use crate::secrets::digest;
use crate::service::{AccountService, Origin};

/// A page, or after a success the way to the next one.
pub(crate) enum Shown {
    /// A page with this status, perhaps with a cookie.
    Page(StatusCode, String, Option<HeaderValue>),
    /// 303 to another page ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)), perhaps with a cookie.
    Next(&'static str, Option<HeaderValue>),
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing<'a> {
    name: &'a str,
}

/// A form of up to three fields.
#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    name: &'a str,
    title: &'a str,
    lead: &'a str,
    action: &'a str,
    button: &'a str,
    /// Whether the code is typed in: no browser keeps it in a cookie.
    asks_code: bool,
    /// Which link the form is for, if a browser keeps its code in a cookie.
    opened: &'a str,
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
        Ok(session) => Ok(Shown::Next("/", cookie::session(&session))),
        Err(AccountError::Credentials(_)) => refused(StatusCode::UNPROCESSABLE_ENTITY, "Incorrect username or password."),
        Err(other) => Err(other.into()),
    }
}

/// A one-time link was opened: the code moves from the address into a cookie, and nothing is spent.
pub(crate) fn opened(accounts: &AccountService, at: LinkPage, codes: &LinkCodes, code: &Code) -> Result<Shown, Problem> {
    if !code.code.is_empty() {
        return Ok(Shown::Next(at.path(), Some(at.keep(&code.code, accounts.settings()))));
    }
    let opened = codes.of(at).map(mark);
    page(StatusCode::OK, &link_form(accounts.service_name(), at, opened.as_deref(), "", ""))
}

pub(crate) async fn is_set_up(accounts: &AccountService, origin: &Origin, codes: &LinkCodes, form: &SetUpForm) -> Result<Shown, Problem> {
    let code = Presented::new(LinkPage::SetUp, form.code.as_ref(), codes);
    if code.is_of_another_page(form.opened.as_deref()) {
        return code.another_link(accounts, &form.username);
    }
    let made = match form.username.parse::<Username>() {
        Ok(username) => accounts.set_up(code.text(), &username, &form.password, origin).await,
        Err(refusal) => Err(refusal.into()),
    };
    code.answer(accounts, &form.username, made.map(drop))
}

pub(crate) async fn password_is_set(
    accounts: &AccountService,
    origin: &Origin,
    codes: &LinkCodes,
    form: &SetPasswordForm,
) -> Result<Shown, Problem> {
    let code = Presented::new(LinkPage::SetPassword, form.code.as_ref(), codes);
    if code.is_of_another_page(form.opened.as_deref()) {
        return code.another_link(accounts, "");
    }
    let set = accounts.set_password_by_link(code.text(), &form.password, origin).await;
    code.answer(accounts, "", set.map(drop))
}

/// The code that came with a form: in a field that somebody filled in, else in the cookie.
struct Presented<'a> {
    at: LinkPage,
    code: Option<&'a Secret>,
}

impl<'a> Presented<'a> {
    fn new(at: LinkPage, typed: Option<&'a Secret>, codes: &'a LinkCodes) -> Self {
        Self { at, code: typed.filter(|code| !code.expose().is_empty()).or_else(|| codes.of(at)) }
    }

    fn text(&self) -> &str {
        self.code.map_or("", |code| code.expose())
    }

    /// Whether the form was made for another link than the one whose code is presented: one that was opened in the same browser since.
    fn is_of_another_page(&self, opened: Option<&str>) -> bool {
        opened.is_some_and(|opened| self.code.map(mark).as_deref() != Some(opened))
    }

    /// Nothing is spent. The code is forgotten, so that nobody takes the form that is shown for that of the other link.
    fn another_link(&self, accounts: &AccountService, username: &str) -> Result<Shown, Problem> {
        let form = link_form(accounts.service_name(), self.at, None, username, ANOTHER_LINK);
        Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &form)?.with_cookie(self.at.forget()))
    }

    /// The log-in page, or the form once more. A code that is still good is kept in the cookie; any other is forgotten.
    fn answer(&self, accounts: &AccountService, username: &str, done: Result<(), AccountError>) -> Result<Shown, Problem> {
        let Err(error) = done else { return Ok(Shown::Next("/login", Some(self.at.forget()))) };
        let is_over = matches!(error, AccountError::Grant(_) | AccountError::SetUp);
        let problem = told(error)?;
        let cookie = if is_over { self.at.forget() } else { self.at.keep(self.text(), accounts.settings()) };
        let opened = self.code.filter(|_| !is_over).map(mark);
        let form = link_form(accounts.service_name(), self.at, opened.as_deref(), username, &problem);
        Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &form)?.with_cookie(cookie))
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
        asks_code: false,
        opened: "",
        username: Some(username),
        new_password: false,
        problem,
    }
}

fn link_form<'a>(name: &'a str, at: LinkPage, opened: Option<&'a str>, username: &'a str, problem: &'a str) -> FormPage<'a> {
    let (title, lead, button, username) = match at {
        LinkPage::SetUp => (
            "Make the first administrator",
            "This works once. Afterwards log in with what you choose here.",
            "Make the administrator",
            Some(username),
        ),
        LinkPage::SetPassword => ("Set your password", "This works once, and ends every session that is open.", "Set the password", None),
    };
    let (asks_code, opened) = (opened.is_none(), opened.unwrap_or(""));
    FormPage { name, title, lead, action: at.path(), button, asks_code, opened, username, new_password: true, problem }
}

/// Names a link in its form without its code: a browser has one cookie for all links of a page, and another one may be opened meanwhile.
fn mark(code: &Secret) -> String {
    digest(&format!("opened {}", code.expose()))
}

const ANOTHER_LINK: &str = "Another link was opened in this browser meanwhile. Open yours once more.";

fn page(status: StatusCode, template: &impl Template) -> Result<Shown, Problem> {
    template.render().map(|html| Shown::Page(status, html, None)).map_err(Problem::internal)
}

impl Shown {
    fn with_cookie(self, cookie: HeaderValue) -> Self {
        match self {
            Self::Page(status, html, _) => Self::Page(status, html, Some(cookie)),
            Self::Next(path, _) => Self::Next(path, Some(cookie)),
        }
    }
}

impl portcullis_web::__private::AnswerSeal for Shown {}
impl Answer for Shown {
    fn describe(operation: &mut OperationDoc<'_>) {
        Html::describe(operation);
        operation.empty_response(303, "Continue at another page.");
        for status in [400, 401, 409, 422, 429, 503] {
            operation.text_response(status, "A page that says what is wrong.", "text/html");
        }
    }

    fn into_answer(self) -> Response {
        let (mut response, cookie) = match self {
            Self::Page(status, html, cookie) => {
                let mut response = Html(html.into()).into_answer();
                *response.status_mut() = status;
                (response, cookie)
            }
            Self::Next(path, cookie) => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::SEE_OTHER;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path));
                (response, cookie)
            }
        };
        if let Some(cookie) = cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}
