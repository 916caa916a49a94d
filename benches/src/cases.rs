//! What is asked of the servers, and what makes an answer right.

use std::io;

use serde_json::Value;

use crate::Result;
use crate::client::{Connection, Request, Target};
use crate::peers::{PASSWORD, Peer};

/// One kind of request.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    method: &'static str,
    path: &'static str,
    content: Option<(&'static str, &'static str)>,
    caller: Caller,
    status: u16,
    /// A body of so many bytes is announced and never sent.
    announces: Option<usize>,
    /// Each request has a connection of its own.
    is_alone: bool,
    /// What the body of every right answer holds.
    holds: &'static str,
    /// The most that notes may cost of bare, as the project's aims have it.
    pub(crate) target: f64,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Anonymous,
    User,
    Administrator,
}

/// A case's request to one server.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) request: Request,
    /// Each request has a connection of its own.
    pub(crate) is_alone: bool,
    status: u16,
    holds: &'static str,
}

/// What a server knows: a token where it asks for one, and the identifier of a note.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    token: Option<String>,
    administrator: Option<String>,
    note: String,
}

impl Prepared {
    /// A request of no case.
    pub(crate) const fn new(request: Request, holds: &'static str) -> Self {
        Self { request, is_alone: false, status: 200, holds }
    }

    /// Sends it once; an answer that isn't right is an error.
    pub(crate) fn send(&self, connection: &mut Connection) -> io::Result<()> {
        let (status, body) = connection.exchange(&self.request)?;
        if status == self.status && memchr::memmem::find(body, self.holds.as_bytes()).is_some() {
            return Ok(());
        }
        Err(io::Error::other(format!("answered {status}: {}", String::from_utf8_lossy(body))))
    }
}

impl Case {
    pub(crate) fn prepare(&self, known: &Known) -> Result<Prepared> {
        let path = self.path.replace("{id}", &known.note);
        let token = match self.caller {
            Caller::Anonymous => None,
            Caller::User => known.token.as_deref(),
            Caller::Administrator => known.administrator.as_deref(),
        };
        let mut request = Request::new(self.method, &path, token, self.content)?;
        if let Some(length) = self.announces {
            request = request.announcing(length);
        }
        Ok(Prepared { request, is_alone: self.is_alone, status: self.status, holds: self.holds })
    }

    /// Whether it leaves a row behind.
    pub(crate) const fn writes(&self) -> bool {
        self.status == 201
    }
}

impl Known {
    /// Logs in where that is possible, and writes the notes that are read later.
    pub(crate) fn learn(peer: Peer, target: &Target) -> Result<Self> {
        let mut connection = Connection::open(target)?;
        let token_of_user = if peer.has_security() {
            Some(token(&mut connection, "uma").map_err(|error| format!("{}: {error}", peer.title()))?)
        } else {
            None
        };
        let administrator = if peer == Peer::Notes { Some(token(&mut connection, "ada")?) } else { None };
        let mut known = Self { token: token_of_user, administrator, note: String::new() };
        let write = CREATE.prepare(&known)?;
        for _ in 0..NOTES {
            write.send(&mut connection)?;
        }
        let (_, body) = connection.exchange(&write.request)?;
        let note: Value = serde_json::from_slice(body)?;
        note.get("id").and_then(Value::as_str).ok_or("no note")?.clone_into(&mut known.note);
        Ok(known)
    }
}

/// A user's new e-mail address of nearly a megabyte, each character of which normalization would make eighteen of.
pub(crate) fn long_address(known: &Known) -> Result<Request> {
    let body = format!("{{\"email\":\"{}\"}}", "\u{fdfa}".repeat(349_000));
    Ok(Request::new("PATCH", "/users/me", known.token.as_deref(), Some(("application/json", &body)))?)
}

/// Logs the user in; the access token.
pub(crate) fn token(connection: &mut Connection, name: &str) -> Result<String> {
    let (status, body) = connection.exchange(&log_in_as(name)?)?;
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("a log-in answered {status}: {error}"))?;
    Ok(answer.get("access_token").and_then(Value::as_str).ok_or_else(|| format!("a log-in answered {status}"))?.to_owned())
}

pub(crate) fn log_in() -> Result<Request> {
    log_in_as("uma")
}

fn log_in_as(name: &str) -> Result<Request> {
    let form = format!("username={name}&password={}", PASSWORD.replace(' ', "+"));
    Ok(Request::new("POST", "/token", None, Some(("application/x-www-form-urlencoded", &form)))?)
}

const fn read(name: &'static str, title: &'static str, path: &'static str, holds: &'static str, target: f64) -> Case {
    Case {
        name,
        title,
        method: "GET",
        path,
        content: None,
        caller: Caller::User,
        status: 200,
        announces: None,
        is_alone: false,
        holds,
        target,
    }
}

const CREATE: Case = Case {
    method: "POST",
    content: Some(("application/json", NOTE)),
    status: 201,
    ..read("create", "`POST /notes`, validated, durable", "/notes", "\"Milk and bread\"", 1.1)
};

const WHOAMI: Case = read("whoami", "`GET /whoami`", "/whoami", "\"role\":\"user\"", 2.0);

/// Served requests, cheapest first.
pub(crate) const SERVED: [Case; 6] = [
    Case { caller: Caller::Anonymous, ..read("public", "public read, `GET /livez`", "/livez", "ok", 1.6) },
    WHOAMI,
    read("me", "`GET /users/me`", "/users/me", "\"username\":\"uma\"", 2.5),
    read("note", "`GET /notes/{id}`, own object, database", "/notes/{id}", "\"Milk and bread\"", 1.2),
    CREATE,
    read("list", "list of 50, `GET /notes?limit=50`", "/notes?limit=50", "\"Milk and bread\"", 1.1),
];

const fn refused(name: &'static str, title: &'static str, path: &'static str, status: u16, holds: &'static str) -> Case {
    Case { status, ..read(name, title, path, holds, 0.0) }
}

/// Requests that notes turns away, each beside one to the same endpoint that it serves.
pub(crate) const REFUSED: [(Case, Case); 7] = [
    (Case { caller: Caller::Anonymous, ..refused("401", "401, no token", "/whoami", 401, "\"status\":401") }, WHOAMI),
    (
        refused("403", "403, not the role", "/admin/notes", 403, "\"status\":403"),
        Case {
            caller: Caller::Administrator,
            ..read("admin", "`GET /admin/notes` by an administrator", "/admin/notes", "\"Milk and bread\"", 0.0)
        },
    ),
    (
        Case {
            method: "POST",
            content: Some(("application/json", "")),
            announces: Some(2_000_000),
            is_alone: true,
            ..refused("413", "413, a body of 2 MB announced, with its connection", "/notes", 413, "\"status\":413")
        },
        Case { is_alone: true, title: "`POST /notes`, with its connection", ..CREATE },
    ),
    (
        Case { method: "POST", content: Some(("text/plain", "x")), ..refused("415", "415, no JSON", "/notes", 415, "\"status\":415") },
        CREATE,
    ),
    (
        Case {
            method: "POST",
            content: Some(("application/json", "{}")),
            ..refused("422", "422, a field is missing", "/notes", 422, "\"status\":422")
        },
        CREATE,
    ),
    (refused("429", "429, too many requests", "/whoami", 429, "\"status\":429"), WHOAMI),
    (refused("404", "404, nothing there", "/nothing", 404, "\"status\":404"), WHOAMI),
];

const NOTES: usize = 60;
const NOTE: &str =
    r#"{"title":"Milk and bread","body":"Two bottles of milk, one loaf of bread, and whatever is cheap.","tags":["home","to-buy"]}"#;
