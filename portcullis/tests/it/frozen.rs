//! A database that hangs: what is remembered ends, and every wait has an end.

use std::sync::Arc;
use std::time::Duration;

use portcullis::core::Timestamp;
use portcullis::prelude::*;
use portcullis_testing::{Backend, Caller, Server, TestApp, World, selected};
use serde_json::json;
use tokio::time::timeout;

use crate::raw::{PATIENCE, eventually};
use crate::support::behind_proxy;

#[derive(Role)]
enum Rank {
    User,
    Admin,
}

/// As long as anything remembered counts without a successful look at the database.
const LEASE: Duration = Duration::from_secs(2);

async fn replica(world: &Arc<World>) -> TestApp {
    TestApp::start(App::<Rank>::new("Frozen").accounts(World::accounts()), world).await
}

fn world_at(url: String) -> (Arc<World>, portcullis::core::ManualClock) {
    let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let world = World::at(url).clock(clock).with("LIMITS__SHUTDOWN_DRAIN_SECONDS", "1");
    (Arc::new(behind_proxy(world)), hand)
}

async fn status(caller: &Caller) -> u16 {
    timeout(PATIENCE, caller.get("/users/me")).await.unwrap().status
}

async fn disable(admin: &Caller, caller: &Caller) {
    let id = caller.get("/users/me").await.json()["id"].as_str().unwrap().to_owned();
    let answer = admin.post(&format!("/admin/users/{id}/disable"), &json!({})).await;
    assert!(matches!(answer.status, 200 | 204), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_credential_does_not_outlive_its_lease_when_the_database_hangs() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let server = Server::start().unwrap();
    server.create_database("lease").unwrap();
    let (world, hand) = world_at(server.url("lease"));
    let app = replica(&world).await;
    let ann = app.user("ann").await;
    assert_eq!(status(&ann).await, 200);
    let frozen = server.freeze().unwrap();
    hand.advance(LEASE);
    assert_eq!(status(&ann).await, 503, "neither a pass nor a wait without end");
    assert_eq!(timeout(PATIENCE, app.management("/readyz")).await.unwrap().0, 503);
    assert_eq!(timeout(PATIENCE, app.anonymous().get("/readyz")).await.unwrap().status, 503);
    drop(frozen);
    let well = async { while status(&ann).await != 200 {} };
    assert!(timeout(PATIENCE, well).await.is_ok(), "all is well again");
    let frozen = server.freeze().unwrap();
    assert!(timeout(PATIENCE * 2, app.end()).await.is_ok(), "the service ends all the same");
    drop(frozen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_connections_hang_refuses_a_disabled_user() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let server = Server::start().unwrap();
    server.create_database("replica").unwrap();
    let (world, hand) = world_at(server.url("replica"));
    let hanging = replica(&world).await;
    let admin = hanging.admin().await;
    let ann = hanging.user("ann").await;
    assert_eq!(status(&ann).await, 200);
    let frozen = server.freeze_connections("replica").unwrap();
    let other = replica(&world).await;
    disable(&other.log_in("root").await, &other.anonymous().with_token(ann.token().unwrap())).await;
    hand.advance(LEASE);
    let refused = status(&ann).await;
    assert!(matches!(refused, 401 | 503), "{refused}");
    let told = async { while status(&ann).await != 401 {} };
    drop(frozen);
    assert!(timeout(PATIENCE, told).await.is_ok(), "and says why as soon as the database answers");
    drop(admin);
}

async fn looks_go_on_while_every_connection_is_taken(backend: Backend) {
    let Some(world) = World::new(backend) else { return };
    let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let world = Arc::new(world.clock(clock.clone()));
    let app = replica(&world).await;
    let database = app.runtime().database();
    // One transaction on SQLite, which holds the lock of the file; every connection of the pool on PostgreSQL.
    let places = if backend == Backend::Sqlite { 1 } else { 8 };
    let mut taken = Vec::new();
    for _ in 0..places {
        taken.push(database.begin().await.unwrap());
    }
    for _ in 0..3 {
        hand.advance(LEASE);
        let revocations = app.runtime().revocations();
        assert!(!revocations.is_leased(clock.steady()), "the time is over");
        eventually(|| revocations.is_leased(clock.steady())).await;
    }
    drop(taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_go_on_while_every_connection_of_postgresql_is_taken() {
    looks_go_on_while_every_connection_is_taken(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_go_on_while_the_file_of_sqlite_is_locked() {
    looks_go_on_while_every_connection_is_taken(Backend::Sqlite).await;
}
