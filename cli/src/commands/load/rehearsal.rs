//! Everything before the first measured request: users log in, and each kind of request is tried once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use portcullis::Failure;
use serde_json::{Value, json};

use super::arguments::LoadCommand;
use super::connection::{Answer, Asked, Connector, Fault};
use super::operation::{Content, Kind, Operation};
use super::pool::Pool;
use super::progress::Progress;
use super::scenario::Scenario;
use super::target::Target;
use super::users::User;

/// What the load asks for.
pub(super) struct Operations {
    pub(super) log_in: Operation,
    pub(super) read: Operation,
    pub(super) write: Option<Operation>,
}

/// The service before the load.
pub(super) struct Rehearsal {
    pool: Pool,
    target: Target,
    is_http2: bool,
    timeout: Duration,
}

/// What a log-in gave.
pub(super) struct LoggedIn {
    token: String,
    pub(super) lasts: Duration,
}

impl Operations {
    pub(super) fn of(&self, kind: Kind) -> &Operation {
        match kind {
            Kind::LogIn => &self.log_in,
            Kind::Read => &self.read,
            Kind::Write => self.write.as_ref().unwrap_or(&self.read),
        }
    }
}

impl Rehearsal {
    pub(super) fn new(connector: Connector, target: Target, timeout: Duration) -> Self {
        Self { is_http2: connector.is_http2(), pool: Pool::new(connector), target, timeout }
    }

    /// Registers so many users.
    pub(super) async fn register(&self, number: u32, progress: &Progress) -> Result<Vec<Arc<User>>, Failure> {
        let mut users = Vec::new();
        for count in 0..number {
            progress.say(format!("registering users: {count} of {number}"));
            let user = User::random()?;
            let body = json!({"username": user.name, "password": user.password().expose()}).to_string();
            let operation = self.operation(Method::POST, "/users", Content::Json(body.into()))?;
            let answer = self.ask(operation.request(&user)).await?;
            let stay = if count == 0 { String::new() } else { format!("; the {count} users registered before stay") };
            match answer.status {
                StatusCode::CREATED => users.push(Arc::new(user)),
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::FORBIDDEN => {
                    return Err(Failure::new(format!(
                        "registration is closed there ({}); use --username with --password-stdin",
                        answer.status
                    )));
                }
                StatusCode::TOO_MANY_REQUESTS => return Err(Failure::new(format!("{}{stay}", limited("registrations", &answer)))),
                other => return Err(Failure::new(format!("cannot register a user: POST /users is answered {other}{stay}"))),
            }
        }
        Ok(users)
    }

    /// Logs each user in.
    pub(super) async fn log_in(&self, users: &[Arc<User>], progress: &Progress) -> Result<Duration, Failure> {
        let mut shortest = Duration::MAX;
        for (count, user) in users.iter().enumerate() {
            progress.say(format!("logging in: {count} of {}", users.len()));
            let logged_in = self.log_in_one(user).await?;
            user.bear(&logged_in.token)?;
            shortest = shortest.min(logged_in.lasts);
        }
        Ok(shortest)
    }

    async fn log_in_one(&self, user: &User) -> Result<LoggedIn, Failure> {
        let operation = self.operation(Method::POST, "/token", Content::LogInForm)?;
        let answer = self.ask(operation.request(user)).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                return Err(Failure::new(format!("the service refuses the user name or the password of {}", user.name)));
            }
            StatusCode::TOO_MANY_REQUESTS => return Err(Failure::new(limited("log-ins", &answer))),
            other => return Err(Failure::new(format!("cannot log in: POST /token is answered {other}"))),
        }
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::new("cannot log in: POST /token gives no access_token"))?;
        let lasts = answer.get("expires_in").and_then(Value::as_u64).map_or(Duration::MAX, Duration::from_secs);
        Ok(LoggedIn { token: token.to_owned(), lasts })
    }

    /// Finds out what to ask for, and asks for it once.
    pub(super) async fn operations(&self, command: &LoadCommand, user: &User) -> Result<Operations, Failure> {
        let scenario = command.scenario;
        let read = command.path.as_deref().filter(|_| scenario != Scenario::Write).unwrap_or("/users/me");
        let log_in = self.operation(Method::POST, "/token", Content::LogInForm)?;
        let read = self.operation(Method::GET, read, Content::Nothing)?;
        let write = if scenario.does(Kind::Write) { Some(self.write(command, user).await?) } else { None };
        let operations = Operations { log_in, read, write };
        for kind in [Kind::Read, Kind::Write].into_iter().filter(|kind| scenario.does(*kind)) {
            let operation = operations.of(kind);
            let answer = self.ask(operation.request(user)).await?;
            let status = answer.status;
            if !status.is_success() && !command.expect.contains(&status.as_u16()) {
                let mend = match status {
                    StatusCode::TOO_MANY_REQUESTS => limited("requests", &answer),
                    _ => "try another --path, or another user; if it is meant, say so with --expect".to_owned(),
                };
                return Err(Failure::new(format!("{} is answered {status}: {mend}", operation.description)));
            }
        }
        Ok(operations)
    }

    async fn write(&self, command: &LoadCommand, user: &User) -> Result<Operation, Failure> {
        let named = if command.scenario == Scenario::Write { &command.path } else { &command.write_path };
        if let (Some(path), Some(body)) = (named, &command.body) {
            return self.operation(Method::POST, path, Content::Json(Bytes::from(body.clone())));
        }
        let name_it = if command.scenario == Scenario::Write { "--path and --body" } else { "--write-path and --body" };
        let document = self.operation(Method::GET, "/openapi.json", Content::Nothing)?;
        let answer = self.ask(document.request(user)).await?;
        if answer.status != StatusCode::OK {
            return Err(Failure::new(format!(
                "cannot find out what to write: /openapi.json is answered {}; say it by {name_it}",
                answer.status
            )));
        }
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if document.pointer("/paths/~1notes/post").is_some() {
            let note = json!({"title": "load", "body": "Written by portcullis load.", "tags": ["load"]}).to_string();
            return self.operation(Method::POST, "/notes", Content::Json(note.into()));
        }
        // A stranger's profile is theirs: only users that were made for this lose and gain an address.
        if document.pointer("/paths/~1users~1me/patch").is_some() && command.register.is_some() {
            return self.operation(Method::PATCH, "/users/me", Content::TogglingEmail);
        }
        Err(Failure::new(format!(
            "the service takes no notes: say what to write by {name_it}, or let --register make users whose profiles change"
        )))
    }

    fn operation(&self, method: Method, path: &str, content: Content) -> Result<Operation, Failure> {
        Operation::new(&self.target, self.is_http2, method, path, content)
    }

    async fn ask(&self, request: Asked) -> Result<Answer, Failure> {
        let cannot = |why: &str| Failure::new(format!("cannot reach {}: {why}", self.target));
        match tokio::time::timeout(self.timeout, self.pool.exchange(request, KEPT)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Fault::Unreachable(why))) => Err(cannot(&why)),
            Ok(Err(Fault::Unsent(_) | Fault::Broken)) => {
                let mend = if self.target.is_https { "does it speak HTTP there?" } else { "is it https:// rather than http://?" };
                Err(cannot(&format!("the connection breaks off; {mend}")))
            }
            Err(_) => Err(cannot(&format!("no answer within {} s", self.timeout.as_secs()))),
        }
    }
}

/// A limit of the service came before the load: says how to get past it.
fn limited(what: &str, answer: &Answer) -> String {
    let wait = answer.retry_after().map(|seconds| format!(", to be asked again in {seconds} s")).unwrap_or_default();
    format!(
        "the service limits {what} of one address (429{wait}); ask for fewer, or start the service under test with \
         PORTCULLIS_RATE_LIMIT__CREDENTIALS=off (and __DEFAULT and __PRINCIPAL)"
    )
}

/// An OpenAPI document is read whole.
const KEPT: usize = 4 * 1024 * 1024;
