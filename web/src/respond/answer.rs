use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::output::Output;
use super::problem::Problem;
use crate::app::OperationDoc;
use crate::extract::Json;
use crate::seal::AnswerSeal;

/// What a handler may return.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "not an answer of an endpoint",
    note = "answers are `Json<T>`, `Created<T>`, `Page<T>`, `NoContent`, `Html`, … with a type that has `#[output]`, or a `Result` of one and `Problem`"
)]
pub trait Answer: AnswerSeal {
    /// Why it sends something that nobody checked, if it does; stands in the access matrix.
    const REASON: Option<&'static str> = None;

    /// Adds the answer to the endpoint's documentation.
    fn describe(operation: &mut OperationDoc<'_>);

    /// Makes the HTTP response.
    fn into_answer(self) -> Response;
}

impl<T: Output> Answer for Json<T> {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.json_response::<T>(200, "Success.");
    }

    fn into_answer(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

/// An answer as data: what the compile-time checks, the documentation and the access matrix read.
#[derive(Clone, Copy, Debug)]
pub struct AnswerSpec {
    /// Adds it to the documentation.
    pub describe: fn(&mut OperationDoc<'_>),
    /// Why it sends something that nobody checked.
    pub reason: Option<&'static str>,
}

/// The specification of an answer type.
#[must_use]
pub const fn answering<T: Answer>() -> AnswerSpec {
    AnswerSpec { describe: T::describe, reason: T::REASON }
}

/// 201 with the new object and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created<T> {
    value: T,
    location: Option<String>,
}

impl<T> Created<T> {
    /// The new object.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { value, location: None }
    }

    /// Its address, a path of this service, for `Location`; anything else is left out.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.location = Some(path.into());
        self
    }
}

impl<T: Output> Answer for Created<T> {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.json_response::<T>(201, "Created.");
    }

    fn into_answer(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.value);
        if let Some(location) = self.location.filter(|path| is_own_path(path)).and_then(|path| HeaderValue::from_str(&path).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// One page of a list; `next` is the cursor of the page after it.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T: Output> Answer for Page<T> {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.page_response::<T>();
    }

    fn into_answer(self) -> Response {
        json(StatusCode::OK, &self)
    }
}

/// 204: done, nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContent;

#[diagnostic::do_not_recommend]
impl Answer for NoContent {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.empty_response(204, "Done.");
    }

    fn into_answer(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// A page for people, from a template that escapes what it is given.
#[derive(Clone, Debug)]
pub struct Html(pub Cow<'static, str>);

#[diagnostic::do_not_recommend]
impl Answer for Html {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.text_response(200, "A page.", "text/html");
    }

    fn into_answer(self) -> Response {
        text(StatusCode::OK, HTML, self.0)
    }
}

/// A plain text.
#[derive(Clone, Debug)]
pub struct Text(pub Cow<'static, str>);

#[diagnostic::do_not_recommend]
impl Answer for Text {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.text_response(200, "A text.", "text/plain");
    }

    fn into_answer(self) -> Response {
        text(StatusCode::OK, PLAIN, self.0)
    }
}

/// 303: look at another page of this service ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4)).
#[derive(Clone, Debug)]
pub struct SeeOther(pub &'static str);

#[diagnostic::do_not_recommend]
impl Answer for SeeOther {
    fn describe(operation: &mut OperationDoc<'_>) {
        operation.empty_response(303, "Continue at another page.");
    }

    fn into_answer(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(self.0));
        response
    }
}

#[diagnostic::do_not_recommend]
impl Answer for Problem {
    fn describe(_: &mut OperationDoc<'_>) {}

    fn into_answer(self) -> Response {
        self.into_response()
    }
}

impl<T: Answer, E: IntoProblem> Answer for Result<T, E> {
    const REASON: Option<&'static str> = T::REASON;

    fn describe(operation: &mut OperationDoc<'_>) {
        T::describe(operation);
    }

    fn into_answer(self) -> Response {
        match self {
            Ok(answer) => answer.into_answer(),
            Err(error) => error.into_problem().into_response(),
        }
    }
}

/// An error that a handler may fail with: whatever is turned into a [`Problem`].
#[diagnostic::on_unimplemented(
    message = "a handler cannot fail with `{Self}`",
    label = "not a problem",
    note = "turn it into one: `.map_err(Problem::internal)?` hides what happened from the client and logs it; or write `impl From<{Self}> for Problem`"
)]
pub trait IntoProblem {
    /// The problem.
    fn into_problem(self) -> Problem;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Problem>> IntoProblem for E {
    fn into_problem(self) -> Problem {
        self.into()
    }
}

/// Whether every reader takes this for a path here: `//` and `/\\` lead to other hosts, and so does a tab between them, which browsers skip.
fn is_own_path(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    is_plain && path.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(128);
    match serde_json::to_writer(&mut body, value) {
        Ok(()) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
            response
        }
        Err(error) => Problem::internal(error).into_response(),
    }
}

fn text(status: StatusCode, content_type: HeaderValue, body: Cow<'static, str>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
