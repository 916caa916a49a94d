//! Writes that wait together are committed together; each keeps its own answer. Reads that take long don't hold others up.

use std::time::Duration;

use futures_util::future::join_all;
use portcullis_store::StoreError;
use portcullis_testing_postgres::Backend;

use crate::support::{impatient, world};

const INSERT: &str = "INSERT INTO person (id, email) VALUES ($1, $2)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_write_of_a_group_has_its_own_answer() {
    let world = world(Backend::Sqlite).await;
    let holder = world.database.begin().await.unwrap();
    // All of them wait behind the holder; every third takes an address that is taken by then.
    let writes = (0..60).map(|number| {
        let email = if number % 3 == 2 { "taken".to_owned() } else { number.to_string() };
        let query = world.database.query(INSERT).bind(format!("{number:02}")).bind(email);
        async move { (number, query.execute().await) }
    });
    let (answers, committed) = tokio::join!(join_all(writes), holder.commit());
    committed.unwrap();
    let mut written = Vec::new();
    for (number, answer) in answers {
        match answer {
            Ok(1) => written.push(format!("{number:02}")),
            Err(StoreError::Conflict(_)) => assert_eq!(number % 3, 2),
            other => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(written.len(), 41, "of those who want the same address one gets it");
    assert_eq!(world.another().await.query("SELECT id FROM person ORDER BY id").fetch_all::<String>().await.unwrap(), written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_undoes_everything_undoes_nobody_elses() {
    let world = world(Backend::Sqlite).await;
    let trigger = "CREATE TRIGGER no_devil BEFORE INSERT ON person WHEN NEW.id = 'devil' BEGIN SELECT RAISE(ROLLBACK, 'no'); END";
    // A trigger's body has statements of its own: it is made as migrations are.
    let steps: &'static [portcullis_store::Migration] = Box::leak(Box::new([portcullis_store::Migration::both(1, "no devil", trigger)]));
    world.database.migrate(&[portcullis_store::Migrations { module: "devil", steps }], crate::support::now()).await.unwrap();
    let holder = world.database.begin().await.unwrap();
    let writes = ["a", "b", "devil", "c"].map(|name| world.database.query(INSERT).bind(name).bind(name).execute());
    let (answers, committed) = tokio::join!(join_all(writes), holder.commit());
    committed.unwrap();
    let outcome: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(outcome, [true, true, false, true]);
    assert_eq!(world.people().await, ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_given_up_never_happens() {
    let world = world(Backend::Sqlite).await;
    let other = portcullis_store::Database::connect(&impatient(&world.url)).await.unwrap();
    let holder = other.begin().await.unwrap();
    // Told that it is too busy, and gone away before its turn: neither may be written later.
    let told = other.query(INSERT).bind("told").bind("told").execute().await.unwrap_err();
    assert!(matches!(told, StoreError::Busy(_)), "{told:?}");
    let gone = tokio::time::timeout(Duration::from_millis(1), other.query(INSERT).bind("gone").bind("gone").execute()).await;
    assert!(gone.is_err());
    holder.commit().await.unwrap();
    other.query(INSERT).bind("after").bind("after").execute().await.unwrap();
    assert_eq!(world.people().await, ["after"]);
}

/// On one thread: a long read that ran on it would keep the short one from ever ending first.
#[tokio::test(flavor = "current_thread")]
async fn a_long_read_holds_nobody_up() {
    let world = world(Backend::Sqlite).await;
    let long = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 3000000) SELECT COUNT(*) FROM number";
    let reading = world.database.query(long).fetch_one::<i64>();
    let mut reading = std::pin::pin!(reading);
    let short = async {
        for _ in 0..20 {
            world.database.ping().await.unwrap();
        }
    };
    tokio::select! {
        biased;
        count = &mut reading => panic!("the long read ended first: {count:?}"),
        () = short => {}
    }
    assert_eq!(reading.await.unwrap(), 3_000_000, "it starts over and comes to its end");
}

#[tokio::test]
async fn a_second_statement_in_one_text_is_refused() {
    let world = world(Backend::Sqlite).await;
    for two in ["SELECT 1; SELECT 2", "DELETE FROM note; DELETE FROM person", "SELECT ';'; x"] {
        let error = world.database.query(two).execute().await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{two}: {error:?}");
    }
    for one in ["SELECT CAST(1 AS BIGINT);", "SELECT CAST(1 AS BIGINT) WHERE ';' = ';' -- a; b"] {
        assert_eq!(world.database.query(one).fetch_one::<i64>().await.unwrap(), 1, "{one}");
    }
}
