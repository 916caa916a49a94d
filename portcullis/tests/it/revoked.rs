//! Open streams end with the authority that opened them, in every process, behind layers and in raw routers too.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message as Sent, WebSocketUpgrade};
use axum::middleware::{Next, from_fn};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use http::Method;
use portcullis::core::Timestamp;
use portcullis::prelude::*;
use portcullis::web::extract::{SocketOpened, WebSocket};
use portcullis::web::respond::{Event, Events};
use portcullis::web::{Body, Request, Response};
use portcullis_testing::{Backend, Caller, Server, TestApp, World, selected};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::raw::PATIENCE;
use crate::support::behind_proxy;

#[derive(Role)]
enum Rank {
    User,
    Staff,
    Admin,
}

#[get("/socket", access = Authenticated)]
async fn socket(socket: WebSocket) -> SocketOpened {
    socket.open(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// Sends, and never reads.
#[get("/deaf", access = Authenticated)]
async fn deaf(socket: WebSocket) -> SocketOpened {
    socket.open(|mut socket| async move {
        while socket.send(Sent::text("tick")).await.is_ok() {
            tokio::time::sleep(TICK).await;
        }
    })
}

fn ticks(spawner: &Spawner) -> Events {
    let ticks = stream::unfold(tokio::time::interval(TICK), |mut interval| async move {
        interval.tick().await;
        Some((Event::json(&Tick { tick: true }), interval))
    });
    Events::new(spawner, ticks)
}

#[output]
struct Tick {
    tick: bool,
}

#[get("/events", access = Authenticated)]
async fn events(spawner: Spawner) -> Events {
    ticks(&spawner)
}

#[get("/staff/events", access = Rank::Staff)]
async fn staff_events(spawner: Spawner) -> Events {
    ticks(&spawner)
}

#[get("/public/events", access = Public("a test"))]
async fn public_events(spawner: Spawner) -> Events {
    ticks(&spawner)
}

fn raw() -> axum::Router {
    let file = || async {
        let parts = stream::unfold(tokio::time::interval(TICK), |mut interval| async move {
            interval.tick().await;
            Some((Ok::<_, Infallible>("part"), interval))
        });
        Body::from_stream(parts)
    };
    let socket = |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                if socket.send(message).await.is_err() {
                    break;
                }
            }
        })
    };
    axum::Router::new().route("/raw/file", axum::routing::get(file)).route("/raw/socket", axum::routing::get(socket))
}

async fn pass_on(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn replica(world: &Arc<World>, has_layer: bool) -> TestApp {
    let app = App::<Rank>::new("Revoked").accounts(World::accounts());
    let app = app.endpoints(endpoints![socket, deaf, events, staff_events, public_events]);
    let app = app.dangerous_mount_axum("/raw", Authenticated.guard(), raw(), "a test");
    TestApp::start(if has_layer { app.layer_around_gate(from_fn(pass_on)) } else { app }, world).await
}

/// One stream of each kind.
struct Streams {
    socket: WebSocketStream<TcpStream>,
    deaf: WebSocketStream<TcpStream>,
    raw_socket: WebSocketStream<TcpStream>,
    events: reqwest::Response,
    file: reqwest::Response,
}

async fn open_socket(app: &TestApp, token: &str, path: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://localhost{path}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    client_async(request, TcpStream::connect(app.address()).await.unwrap()).await.unwrap().0
}

async fn open_stream(app: &TestApp, token: &str, path: &str) -> reqwest::Response {
    let mut response = app.anonymous().with_token(token).request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    goes_on(&mut response).await;
    response
}

async fn goes_on(response: &mut reqwest::Response) {
    assert!(timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().is_some());
}

/// Reads to the end: whether it was a clean one.
async fn ends(mut response: reqwest::Response, what: &str) -> bool {
    let rest = async {
        loop {
            match response.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    };
    timeout(PATIENCE, rest).await.unwrap_or_else(|_| panic!("{what}: the stream goes on"))
}

/// The close code that ends a socket; none when it ends without.
async fn code(mut socket: WebSocketStream<TcpStream>, what: &str) -> Option<CloseCode> {
    let rest = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    timeout(PATIENCE, rest).await.unwrap_or_else(|_| panic!("{what}: the socket goes on"))
}

impl Streams {
    async fn open(app: &TestApp, caller: &Caller) -> Self {
        let token = caller.token().unwrap();
        let mut streams = Self {
            socket: open_socket(app, token, "/socket").await,
            deaf: open_socket(app, token, "/deaf").await,
            raw_socket: open_socket(app, token, "/raw/socket").await,
            events: open_stream(app, token, "/events").await,
            file: open_stream(app, token, "/raw/file").await,
        };
        streams.go_on().await;
        streams
    }

    async fn go_on(&mut self) {
        for socket in [&mut self.socket, &mut self.raw_socket] {
            socket.send(Message::text("hello")).await.unwrap();
            let heard = async { while socket.next().await.unwrap().unwrap() != Message::text("hello") {} };
            timeout(PATIENCE, heard).await.unwrap();
        }
        assert!(timeout(PATIENCE, self.deaf.next()).await.unwrap().unwrap().unwrap().is_text());
        goes_on(&mut self.events).await;
        goes_on(&mut self.file).await;
    }

    async fn end(self, what: &str) {
        assert_eq!(code(self.socket, what).await, Some(CloseCode::Policy), "{what}");
        assert_eq!(code(self.deaf, what).await, Some(CloseCode::Policy), "{what}");
        assert_eq!(code(self.raw_socket, what).await, None, "{what}: what isn't ours is cut");
        assert!(ends(self.events, what).await, "{what}: events end cleanly");
        assert!(!ends(self.file, what).await, "{what}: half a file doesn't look like a whole one");
    }
}

struct Service {
    one: TestApp,
    other: TestApp,
    hand: portcullis::core::ManualClock,
}

impl Service {
    async fn start(world: World) -> Self {
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let world = Arc::new(behind_proxy(world.clock(clock)).with("LIMITS__SHUTDOWN_DRAIN_SECONDS", "1"));
        Self { one: replica(&world, false).await, other: replica(&world, true).await, hand }
    }

    async fn open(&self, caller: &Caller) -> [Streams; 2] {
        [Streams::open(&self.one, caller).await, Streams::open(&self.other, caller).await]
    }

    async fn end(&self, streams: [Streams; 2], what: &str) {
        for (streams, which) in streams.into_iter().zip(["here", "in another process"]) {
            streams.end(&format!("{what} {which}")).await;
        }
    }
}

async fn id(caller: &Caller) -> String {
    caller.get("/users/me").await.json()["id"].as_str().unwrap().to_owned()
}

async fn every_open_stream_ends(service: Service) {
    // Each start makes the link for the first administrator anew.
    let (admin, bob) = (service.other.admin().await, service.one.user("bob").await);
    let mut others = service.open(&bob).await;
    let mut public = service.one.anonymous().request(Method::GET, "/public/events").send().await.unwrap();

    let ann = service.one.user("ann").await;
    let streams = service.open(&ann).await;
    assert!(admin.post(&format!("/admin/users/{}/disable", id(&ann).await), &json!({})).await.status < 300);
    service.end(streams, "disabled").await;

    let carl = service.one.user("carl").await;
    let (first, second) = (service.open(&carl).await, service.one.log_in("carl").await);
    let [mut kept, _] = service.open(&second).await;
    assert!(carl.post("/logout", &json!({})).await.status < 300);
    service.end(first, "logged out").await;
    kept.go_on().await;
    let again = service.open(&second).await;
    assert!(second.post("/logout/everywhere", &json!({})).await.status < 300);
    service.end(again, "logged out everywhere").await;
    kept.end("logged out everywhere, the other session").await;

    let dora = service.one.user("dora").await;
    let streams = service.open(&dora).await;
    let change = json!({"old_password": "correct horse battery staple", "new_password": "another horse battery staple"});
    assert!(dora.post("/users/me/password", &change).await.status < 300);
    service.end(streams, "password changed").await;

    let emil = service.one.user("emil").await;
    let role = format!("/admin/users/{}/role", id(&emil).await);
    assert!(admin.put(&role, &json!({"role": "staff"})).await.status < 300);
    let emil = service.one.log_in("emil").await;
    let staff = open_stream(&service.other, emil.token().unwrap(), "/staff/events").await;
    let mut streams = service.open(&emil).await;
    assert!(admin.put(&role, &json!({"role": "user"})).await.status < 300);
    assert!(ends(staff, "role changed").await);
    for streams in &mut streams {
        streams.go_on().await;
    }

    for streams in &mut others {
        streams.go_on().await;
    }
    service.hand.advance(Duration::from_secs(1800));
    service.end(others, "expired").await;
    service.end(streams, "expired").await;
    goes_on(&mut public).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_open_stream_ends_on_sqlite() {
    if let Some(world) = World::new(Backend::Sqlite) {
        Box::pin(every_open_stream_ends(Service::start(world).await)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_open_stream_ends_on_postgresql() {
    if let Some(world) = World::new(Backend::Postgres) {
        Box::pin(every_open_stream_ends(Service::start(world).await)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_end_when_the_database_hangs() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let server = Server::start().unwrap();
    server.create_database("streams").unwrap();
    let service = Service::start(World::at(server.url("streams"))).await;
    let ann = service.one.user("ann").await;
    let mut streams = service.open(&ann).await;
    service.hand.advance(Duration::from_secs(10));
    for streams in &mut streams {
        streams.go_on().await;
    }
    let frozen = server.freeze().unwrap();
    service.hand.advance(Duration::from_secs(2));
    service.end(streams, "the database hangs").await;
    drop(frozen);
}

const TICK: Duration = Duration::from_millis(20);
