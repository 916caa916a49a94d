//! What happens together, beside each other, and not at all.

use portcullis_store::StoreError;

use crate::support::{World, on_both};

on_both! {
    a_committed_transaction_is_seen_by_everyone,
    a_dropped_transaction_leaves_nothing,
    a_cancelled_transaction_leaves_nothing,
    a_failed_statement_ends_its_transaction,
    a_row_that_is_missing_does_not_end_the_transaction,
    readers_do_not_wait_for_a_writer,
    incident_31_one_of_fifty_parallel_uses_succeeds,
    no_increment_is_lost,
}

async fn a_committed_transaction_is_seen_by_everyone(world: World) {
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").execute().await.unwrap();
    transaction.query("INSERT INTO note (id, owner) VALUES ('n', 'a')").execute().await.unwrap();
    assert_eq!(transaction.query("SELECT COUNT(*) FROM note").fetch_one::<i64>().await.unwrap(), 1, "a transaction sees itself");
    transaction.commit().await.unwrap();
    for database in [world.database.clone(), world.another().await] {
        assert_eq!(database.query("SELECT owner FROM note").fetch_all::<String>().await.unwrap(), ["a"]);
    }
}

async fn a_dropped_transaction_leaves_nothing(world: World) {
    for _ in 0..10 {
        let mut transaction = world.database.begin().await.unwrap();
        transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").execute().await.unwrap();
        drop(transaction);
    }
    // The lock is free again, here and for another program.
    world.add_person("b").await;
    world.another().await.query("INSERT INTO person (id, email) VALUES ('c', 'c')").execute().await.unwrap();
    assert_eq!(world.people().await, ["b", "c"]);
}

async fn a_cancelled_transaction_leaves_nothing(world: World) {
    let holder = world.database.begin().await.unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let database = world.database.clone();
            tokio::spawn(async move {
                let mut transaction = database.begin().await?;
                transaction.query("INSERT INTO person (id, email) VALUES ($1, $1)").bind(number.to_string()).execute().await?;
                std::future::pending::<Result<(), StoreError>>().await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(holder);
    for (number, task) in tasks.into_iter().enumerate() {
        // Some wait for their turn, some hold a transaction: all go away in the middle.
        if number % 2 == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.is_err());
    }
    world.add_person("after").await;
    assert_eq!(world.people().await, ["after"]);
}

async fn a_failed_statement_ends_its_transaction(world: World) {
    world.add_person("a").await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query("INSERT INTO person (id, email) VALUES ('b', 'b')").execute().await.unwrap();
    let conflict = transaction.query("INSERT INTO person (id, email) VALUES ('a', 'x')").execute().await;
    assert!(matches!(conflict, Err(StoreError::Conflict(_))), "{conflict:?}");
    let next = transaction.query("INSERT INTO person (id, email) VALUES ('c', 'c')").execute().await;
    assert!(matches!(next, Err(StoreError::Refused(_))), "{next:?}");
    let commit = transaction.commit().await;
    assert!(matches!(commit, Err(StoreError::Refused(_))), "{commit:?}");
    assert_eq!(world.people().await, ["a"]);
}

async fn a_row_that_is_missing_does_not_end_the_transaction(world: World) {
    let mut transaction = world.database.begin().await.unwrap();
    assert!(matches!(transaction.query("SELECT id FROM person").fetch_one::<String>().await, Err(StoreError::NotFound)));
    transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a') ON CONFLICT DO NOTHING").execute().await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.people().await, ["a"]);
}

async fn readers_do_not_wait_for_a_writer(world: World) {
    world.add_person("a").await;
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query("UPDATE person SET id = 'b'").execute().await.unwrap();
    assert_eq!(world.people().await, ["a"], "what isn't committed isn't seen");
    transaction.commit().await.unwrap();
    assert_eq!(world.people().await, ["b"]);
}

async fn incident_31_one_of_fifty_parallel_uses_succeeds(world: World) {
    world.add_person("code").await;
    let tasks: Vec<_> = (0..50_i64)
        .map(|number| {
            let database = world.database.clone();
            tokio::spawn(async move {
                let used = "UPDATE person SET used_at = $1 WHERE id = 'code' AND used_at IS NULL RETURNING used_at";
                database.query(used).bind(number).fetch_optional::<i64>().await.unwrap()
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(world.database.query("SELECT used_at FROM person").fetch_all::<i64>().await.unwrap(), winners);
}

async fn no_increment_is_lost(world: World) {
    world.database.query("INSERT INTO person (id, email, age) VALUES ('a', 'a', 0)").execute().await.unwrap();
    let other = world.another().await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let database = if number % 2 == 0 { world.database.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut transaction = database.begin().await?;
                transaction.query("UPDATE person SET age = age + 1").execute().await?;
                transaction.commit().await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.database.query("SELECT age FROM person").fetch_one::<i64>().await.unwrap(), 40);
}
