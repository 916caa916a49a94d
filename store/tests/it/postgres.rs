//! The failures of a server, on one that is stopped and started for it.

use std::time::Duration;

use futures_util::future::join_all;
use portcullis_store::{Database, StoreError};
use portcullis_testing_postgres::{Backend, Server, selected};
use tokio::time::timeout;

use crate::support::{World, impatient, settings, world};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_server_is_told_and_survived() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let server = Server::start().unwrap();
    server.create_database("lost").unwrap();
    let database = Database::connect(&impatient(&server.url("lost"))).await.unwrap();
    database.query("CREATE TABLE kept (id BIGINT PRIMARY KEY)").execute().await.unwrap();
    for round in 0..3_i64 {
        let mut open = database.begin().await.unwrap();
        open.query("INSERT INTO kept (id) VALUES (-1)").execute().await.unwrap();
        server.halt().unwrap();
        assert!(open.query("SELECT 1").fetch_all::<i64>().await.unwrap_err().is_unavailable());
        assert!(open.commit().await.is_err(), "a transaction whose server is gone took no effect");
        for _ in 0..3 {
            for result in [database.ping().await, database.begin().await.map(drop), insert(&database, round).await] {
                let error = result.unwrap_err();
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            }
        }
        server.resume().unwrap();
        let mut refusals = 0;
        while let Err(error) = insert(&database, round).await {
            assert!(error.is_unavailable(), "{error:?}");
            refusals += 1;
            assert!(refusals <= 8, "at most one refusal a connection, then it works without a restart");
        }
        let kept: Vec<i64> = database.query("SELECT id FROM kept ORDER BY id").fetch_all().await.unwrap();
        assert_eq!(kept, (0..=round).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_unavailable_and_costs_no_connection() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let server = Server::start().unwrap();
    server.create_database("frozen").unwrap();
    let mut settings = impatient(&server.url("frozen"));
    settings.statement = settings.wait;
    let database = Database::connect(&settings).await.unwrap();
    let reserved = database.reserve(settings.wait);
    let open: Vec<_> = join_all((0..settings.connections).map(|_| database.begin())).await;
    let mut open: Vec<_> = open.into_iter().map(Result::unwrap).collect();
    assert_eq!(reserved.fetch_one::<i64>("SELECT CAST(1 AS BIGINT)").await.unwrap(), 1, "however many connections are taken");
    let frozen = server.freeze().unwrap();
    let late = |error: StoreError| assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    late(reserved.fetch_one::<i64>("SELECT CAST(1 AS BIGINT)").await.unwrap_err());
    late(open.pop().unwrap().query("SELECT CAST(1 AS BIGINT)").fetch_one::<i64>().await.unwrap_err());
    late(open.pop().unwrap().commit().await.unwrap_err());
    drop(open);
    for _ in 0..3 {
        late(database.ping().await.unwrap_err());
    }
    late(Database::connect(&settings).await.unwrap_err());
    let other = server.url("frozen");
    drop(frozen);
    // Each place in the pool is free again: all of them can be taken at once.
    let patient = async {
        loop {
            let all = join_all((0..settings.connections).map(|_| database.begin())).await;
            if all.iter().all(Result::is_ok) {
                return;
            }
        }
    };
    assert!(timeout(Duration::from_secs(20), patient).await.is_ok());
    assert_eq!(reserved.fetch_one::<i64>("SELECT CAST(1 AS BIGINT)").await.unwrap(), 1);
    let ending = Database::connect(&impatient(&other)).await.unwrap();
    let frozen = server.freeze().unwrap();
    assert!(timeout(Duration::from_secs(20), ending.close()).await.is_ok(), "closing waits no longer than the wait");
    drop(frozen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_waited_for_as_long_as_the_wait() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let world = world(Backend::Postgres).await;
    world.add_person("ann").await;
    let mut holding = world.database.begin().await.unwrap();
    holding.query("UPDATE person SET age = 1").execute().await.unwrap();
    let other = Database::connect(&impatient(&world.url)).await.unwrap();
    let refused = other.query("UPDATE person SET age = 2").execute().await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_the_server_ended_is_replaced() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let World { database, .. } = &world(Backend::Postgres).await;
    let mut victim = database.begin().await.unwrap();
    let process: i64 = victim.query("SELECT pg_backend_pid()").fetch_one().await.unwrap();
    database.query("SELECT pg_terminate_backend($1::INTEGER)").bind(process).fetch_one::<bool>().await.unwrap();
    let error = victim.query("SELECT 1").fetch_one::<i64>().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    drop(victim);
    for _ in 0..20 {
        database.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn only_a_lenient_transaction_does_not_wait_for_the_disk() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let world = world(Backend::Postgres).await;
    const SYNCHRONOUS: &str = "SELECT current_setting('synchronous_commit')";
    for _ in 0..20 {
        let mut lenient = world.database.batch().lenient();
        lenient.query(SYNCHRONOUS).needed().unwrap();
        assert_eq!(lenient.commit().await.unwrap().next_row::<String>().unwrap().as_deref(), Some("off"));
        let mut strict = world.database.begin().await.unwrap();
        assert_eq!(strict.query(SYNCHRONOUS).fetch_one::<String>().await.unwrap(), "on");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    let error = Database::connect(&impatient("postgres://someone:hunter2@127.0.0.1:1/name")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("refused")), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = Database::connect(&settings("postgres://someone:hunter2@[bad/name")).await.unwrap_err();
    assert!(matches!(error, StoreError::Configuration(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_is_told() {
    if !selected(Backend::Postgres).unwrap() {
        return;
    }
    let World { url, .. } = world(Backend::Postgres).await;
    let error = Database::connect(&settings(&url.replace("/test_", "/nowhere_"))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Configuration(text) if text.contains("nowhere_")), "{error:?}");
}

async fn insert(database: &Database, id: i64) -> Result<(), StoreError> {
    database.query("INSERT INTO kept (id) VALUES ($1) ON CONFLICT DO NOTHING").bind(id).execute().await.map(drop)
}
