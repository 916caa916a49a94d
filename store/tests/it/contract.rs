//! What every statement does, on both databases alike.

use portcullis_core::{Id, Timestamp};
use portcullis_store::{Record, Row, StoreError};

use crate::support::{World, impatient, now, on_both};

on_both! {
    values_come_back_as_they_went_in,
    null_comes_back_as_none_and_as_nothing_else,
    a_column_is_read_only_as_what_it_holds,
    narrow_integers_and_counts_are_read_alike,
    a_row_that_is_missing_is_not_found,
    a_placeholder_is_named_by_its_number,
    a_statement_wants_as_many_values_as_placeholders,
    a_value_is_never_part_of_the_statement,
    a_text_with_nul_is_refused,
    a_taken_value_is_a_conflict_that_names_the_column,
    a_broken_reference_or_check_is_a_conflict,
    a_write_that_returns_rows_stays_written,
    a_write_below_with_stays_written,
    an_upsert_counts_what_it_changed,
    a_wrong_statement_is_refused_and_hurts_nothing,
    a_transaction_is_not_begun_or_ended_by_a_statement,
    tables_may_change_under_a_running_program,
    too_many_callers_wait_and_then_are_told,
    a_closed_database_is_unavailable,
    nothing_shows_the_url,
}

async fn values_come_back_as_they_went_in(world: World) {
    let long = "ä".repeat(100_000);
    for (id, text, flag, bytes, real) in [
        (i64::MIN, "", false, vec![], 0.0),
        (i64::MAX, "naïve 日本語 🦀 \u{1}\u{fffd}", true, vec![0, 255, 0], -1.5e300),
        (0, long.as_str(), true, vec![7; 100_000], f64::MIN_POSITIVE),
    ] {
        let insert = "INSERT INTO sample (id, text, flag, bytes, real) VALUES ($1, $2, $3, $4, $5)";
        let changed = world.database.query(insert).bind(id).bind(text).bind(flag).bind(bytes.clone()).bind(real).execute().await.unwrap();
        assert_eq!(changed, 1);
        let select = "SELECT id, text, flag, bytes, real FROM sample WHERE id = $1";
        let row: (i64, String, bool, Vec<u8>, f64) = world.database.query(select).bind(id).fetch_one().await.unwrap();
        assert_eq!(row, (id, text.to_owned(), flag, bytes, real));
    }
    let id = Id::new(now());
    world
        .database
        .query("INSERT INTO person (id, email, used_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind("e")
        .bind(now())
        .execute()
        .await
        .unwrap();
    let row: (Id, Timestamp) = world.database.query("SELECT id, used_at FROM person WHERE id = $1").bind(id).fetch_one().await.unwrap();
    assert_eq!(row, (id, now()));
}

async fn null_comes_back_as_none_and_as_nothing_else(world: World) {
    let insert = "INSERT INTO sample (id, text, flag, bytes, real) VALUES (1, $1, $2, $3, $4)";
    let query = world.database.query(insert).bind(None::<String>).bind(None::<bool>).bind(None::<Vec<u8>>).bind(None::<f64>);
    query.execute().await.unwrap();
    let row: (Option<String>, Option<bool>, Option<Vec<u8>>, Option<f64>) =
        world.database.query("SELECT text, flag, bytes, real FROM sample").fetch_one().await.unwrap();
    assert_eq!(row, (None, None, None, None));
    let read = world.database.query("SELECT text FROM sample").fetch_one::<String>().await;
    assert!(matches!(read, Err(StoreError::Decode { .. })), "{read:?}");
    let row: (Option<Timestamp>,) = world.database.query("SELECT CAST(NULL AS BIGINT)").fetch_one().await.unwrap();
    assert_eq!(row.0, None);
}

async fn a_column_is_read_only_as_what_it_holds(world: World) {
    world.database.query("INSERT INTO sample (id, text) VALUES ($1, 'secret text')").bind(i64::from(u32::MAX) + 1).execute().await.unwrap();
    let number = world.database.query("SELECT text FROM sample").fetch_one::<i64>().await.unwrap_err();
    let narrow = world.database.query("SELECT id FROM sample").fetch_one::<(u32,)>().await.unwrap_err();
    let id = world.database.query("SELECT text FROM sample").fetch_one::<Id>().await.unwrap_err();
    let absent = world.database.query("SELECT id FROM sample").fetch_one::<Named>().await.unwrap_err();
    let beyond = world.database.query("SELECT id FROM sample").fetch_one::<(i64, i64)>().await.unwrap_err();
    for error in [number, narrow, id, absent, beyond] {
        assert!(matches!(error, StoreError::Decode { .. }), "{error:?}");
        assert!(!error.is_unavailable() && !error.to_string().contains("secret text"), "{error}");
    }
}

#[derive(Debug)]
struct Named;

impl Record for Named {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.take::<String>("nowhere").map(|_| Self)
    }
}

async fn narrow_integers_and_counts_are_read_alike(world: World) {
    world.database.query("INSERT INTO sample (id, small, flag) VALUES (1, $1, TRUE)").bind(7).execute().await.unwrap();
    let row: (i64, i32, Option<u32>) = world.database.query("SELECT small, small, small FROM sample").fetch_one().await.unwrap();
    assert_eq!(row, (7, 7, Some(7)));
    let row: (i64, bool, i64) = world
        .database
        .query("SELECT COUNT(*), EXISTS (SELECT 1 FROM sample WHERE flag = TRUE), CAST(SUM(id) AS BIGINT) FROM sample WHERE flag = $1")
        .bind(true)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(row, (1, true, 1));
}

async fn a_row_that_is_missing_is_not_found(world: World) {
    let select = "SELECT id FROM person WHERE id = $1";
    assert_eq!(world.database.query(select).bind("a").fetch_optional::<String>().await.unwrap(), None);
    assert!(matches!(world.database.query(select).bind("a").fetch_one::<String>().await, Err(StoreError::NotFound)));
    assert!(world.database.query(select).bind("a").fetch_all::<String>().await.unwrap().is_empty());
    world.add_person("a").await;
    world.add_person("b").await;
    let first: String = world.database.query("SELECT id FROM person ORDER BY id DESC").fetch_one().await.unwrap();
    assert_eq!((first.as_str(), world.people().await.len()), ("b", 2));
}

async fn a_placeholder_is_named_by_its_number(world: World) {
    let row: (i64, i64, i64) = world
        .database
        .query("SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT)")
        .bind(1_i64)
        .bind(2_i64)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(row, (2, 1, 2));
}

async fn a_statement_wants_as_many_values_as_placeholders(world: World) {
    let insert = "INSERT INTO person (id, email, age) VALUES ($1, $2, $3)";
    let few = world.database.query(insert).bind("a").bind("b").execute().await;
    assert!(matches!(few, Err(StoreError::Refused(_))), "{few:?}");
    let many = world.database.query("SELECT id FROM person WHERE id = $1").bind("a").bind("b").fetch_all::<String>().await;
    assert!(matches!(many, Err(StoreError::Refused(_))), "{many:?}");
    assert!(world.people().await.is_empty());
}

async fn a_value_is_never_part_of_the_statement(world: World) {
    for value in ["'; DROP TABLE person; --", "$1", "\\", "a\"b", "%_", "' OR '1'='1"] {
        world.add_person(value).await;
        let found: Vec<String> = world.database.query("SELECT id FROM person WHERE id = $1").bind(value).fetch_all().await.unwrap();
        assert_eq!(found, [value]);
    }
    assert_eq!(world.people().await.len(), 6);
}

async fn a_text_with_nul_is_refused(world: World) {
    let refused = world.database.query("INSERT INTO person (id, email) VALUES ($1, $1)").bind("a\0b").execute().await;
    assert!(matches!(refused, Err(StoreError::Unstorable(_))), "{refused:?}");
    assert!(world.people().await.is_empty());
}

async fn a_taken_value_is_a_conflict_that_names_the_column(world: World) {
    world.add_person("a").await;
    let taken = world.database.query("INSERT INTO person (id, email) VALUES ('b', 'a')").execute().await;
    assert!(matches!(&taken, Err(StoreError::Conflict(constraint)) if constraint.contains("email")), "{taken:?}");
    let error = taken.unwrap_err();
    assert!(error.is_conflict() && !error.is_unavailable());
    assert_eq!(world.people().await, ["a"]);
}

async fn a_broken_reference_or_check_is_a_conflict(world: World) {
    world.add_person("a").await;
    for broken in [
        "INSERT INTO note (id, owner) VALUES ('n', 'nobody')",
        "UPDATE person SET age = -1",
        "UPDATE person SET email = NULL",
        "INSERT INTO person (id, email) VALUES ('a', 'other')",
    ] {
        let result = world.database.query(broken).execute().await;
        assert!(matches!(result, Err(StoreError::Conflict(_))), "{broken}: {result:?}");
    }
    world.database.query("INSERT INTO note (id, owner) VALUES ('n', 'a')").execute().await.unwrap();
    assert_eq!(world.database.query("DELETE FROM person WHERE id = 'a'").execute().await.unwrap(), 1);
    assert_eq!(world.database.query("SELECT COUNT(*) FROM note").fetch_one::<i64>().await.unwrap(), 0, "a reference cascades");
}

async fn a_write_that_returns_rows_stays_written(world: World) {
    let insert = "INSERT INTO person (id, email) VALUES ($1, $1), ($2, $2) RETURNING id";
    let first: Option<String> = world.database.query(insert).bind("a").bind("b").fetch_optional().await.unwrap();
    assert_eq!(first.as_deref(), Some("a"));
    let all: Vec<String> = world.database.query(insert).bind("c").bind("d").fetch_all().await.unwrap();
    assert_eq!(all, ["c", "d"]);
    let people: Vec<String> = world.another().await.query("SELECT id FROM person ORDER BY id").fetch_all().await.unwrap();
    assert_eq!(people, ["a", "b", "c", "d"]);
}

async fn a_write_below_with_stays_written(world: World) {
    let insert = "WITH new (id) AS (SELECT CAST($1 AS TEXT)) INSERT INTO person (id, email) SELECT id, id FROM new RETURNING id";
    assert_eq!(world.database.query(insert).bind("a").fetch_one::<String>().await.unwrap(), "a");
    let select = "WITH old AS (SELECT id FROM person) SELECT id FROM old";
    assert_eq!(world.database.query(select).fetch_all::<String>().await.unwrap(), ["a"]);
}

async fn an_upsert_counts_what_it_changed(world: World) {
    let insert = "INSERT INTO person (id, email) VALUES ($1, $1) ON CONFLICT (id) DO NOTHING";
    assert_eq!(world.database.query(insert).bind("a").execute().await.unwrap(), 1);
    assert_eq!(world.database.query(insert).bind("a").execute().await.unwrap(), 0);
    let update = "INSERT INTO person (id, email, age) VALUES ($1, $1, 1) ON CONFLICT (id) DO UPDATE SET age = 2 RETURNING age";
    assert_eq!(world.database.query(update).bind("a").fetch_one::<i64>().await.unwrap(), 2);
    assert_eq!(world.database.query("UPDATE person SET age = 3 WHERE id = 'nobody'").execute().await.unwrap(), 0);
}

async fn a_wrong_statement_is_refused_and_hurts_nothing(world: World) {
    for wrong in ["SELEKT 1", "SELECT nothing FROM person", "INSERT INTO nowhere VALUES (1)", "UPDATE person SET"] {
        let result = world.database.query(wrong).fetch_all::<i64>().await;
        assert!(matches!(result, Err(StoreError::Refused(_))), "{wrong}: {result:?}");
    }
    world.database.ping().await.unwrap();
    world.add_person("a").await;
}

async fn tables_may_change_under_a_running_program(world: World) {
    let (star, named) = ("SELECT * FROM person", "SELECT email FROM person");
    world.add_person("a").await;
    for sql in [star, named] {
        world.database.query(sql).fetch_one::<(String,)>().await.unwrap();
    }
    world.another().await.query("ALTER TABLE person ADD COLUMN nickname TEXT DEFAULT 'nick'").execute().await.unwrap();
    assert_eq!(world.database.query(named).fetch_one::<String>().await.unwrap(), "a", "a statement that names its columns goes on");
    let mut refusals = 0;
    loop {
        match world.database.query(star).fetch_one::<(String,)>().await {
            Ok(row) => break assert_eq!(row.0, "a"),
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
        refusals += 1;
        assert!(refusals <= 8, "one refusal a connection at most");
    }
}

async fn too_many_callers_wait_and_then_are_told(world: World) {
    let mut settings = impatient(&world.url);
    settings.connections = 1;
    let small = portcullis_store::Database::connect(&settings).await.unwrap();
    let holder = small.begin().await.unwrap();
    let refused = small.begin().await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
    drop(holder);
    small.begin().await.unwrap().commit().await.unwrap();
}

async fn a_closed_database_is_unavailable(world: World) {
    world.add_person("a").await;
    world.database.close().await;
    for result in [world.database.ping().await, world.database.begin().await.map(drop)] {
        assert!(result.unwrap_err().is_unavailable());
    }
    assert_eq!(world.another().await.query("SELECT id FROM person").fetch_one::<String>().await.unwrap(), "a");
}

async fn nothing_shows_the_url(world: World) {
    let statement = world.database.query("SELECT id FROM person WHERE id = $1").bind("hunter2");
    let shown = format!("{:?} {statement:?} {:?}", world.database, impatient(&world.url));
    let place = world.url.split("tmp/").nth(1).unwrap();
    assert!(!shown.contains("hunter2") && !shown.contains(place), "{shown}");
}

/// A connection that went back with a transaction begun would swallow the next caller's write; one that was ended would keep half of it.
async fn a_transaction_is_not_begun_or_ended_by_a_statement(world: World) {
    let other = world.another().await;
    for (number, sql) in [
        "BEGIN",
        "begin immediate",
        " -- why\n/* and */ START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK;",
        "SAVEPOINT a",
        "RELEASE a",
        "PREPARE TRANSACTION 'a'",
    ]
    .into_iter()
    .enumerate()
    {
        let refused = world.database.query(sql).execute().await;
        assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("`begin`")), "{sql}: {refused:?}");
        let name = number.to_string();
        world.add_person(&name).await;
        let seen = other.query("SELECT id FROM person WHERE id = $1").bind(name.as_str()).fetch_optional::<String>().await.unwrap();
        assert_eq!(seen, Some(name), "{sql}");
        let mut transaction = world.database.begin().await.unwrap();
        transaction.query("DELETE FROM person").execute().await.unwrap();
        assert!(transaction.query(sql).execute().await.is_err(), "{sql}");
        drop(transaction);
        assert_eq!(world.people().await.len(), number + 1, "{sql}: nothing of it took effect");
    }
}
