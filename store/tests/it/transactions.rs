//! What happens together, beside each other, and not at all.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use portcullis_store::StoreError;

use crate::support::{World, on_both};

on_both! {
    a_committed_transaction_is_seen_by_everyone,
    a_dropped_transaction_leaves_nothing,
    a_cancelled_transaction_leaves_nothing,
    a_cancelled_begin_swallows_no_later_write,
    a_cancelled_commit_is_whole,
    a_cancelled_statement_ends_its_transaction,
    a_failed_statement_ends_its_transaction,
    a_row_that_is_missing_does_not_end_the_transaction,
    what_is_left_for_later_runs_in_order,
    what_fails_later_fails_the_next_statement_and_the_commit,
    what_is_left_for_later_is_undone_with_the_rest,
    only_a_transaction_leaves_statements_for_later,
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

/// A connection that went back with a transaction open would take the next write into it, and lose it.
async fn a_cancelled_begin_swallows_no_later_write(world: World) {
    let other = world.another().await;
    for round in 0..60 {
        give_up_after(round % 10, world.database.begin()).await;
        world.add_person(&round.to_string()).await;
        let seen = other.query("SELECT id FROM person WHERE id = $1").bind(round.to_string()).fetch_optional::<String>().await.unwrap();
        assert!(seen.is_some(), "round {round}");
    }
}

async fn a_cancelled_commit_is_whole(world: World) {
    for round in 0..60 {
        let mut transaction = world.database.begin().await.unwrap();
        for part in ["a", "b"] {
            let insert = "INSERT INTO person (id, email) VALUES ($1, $1)";
            transaction.query(insert).bind(format!("{round:02}{part}")).execute().await.unwrap();
        }
        give_up_after(round % 10, transaction.commit()).await;
        // The next one waits for what is still under way, and is not swallowed.
        world.database.begin().await.unwrap().commit().await.unwrap();
    }
    world.add_person("after").await;
    let people = world.another().await.query("SELECT id FROM person ORDER BY id").fetch_all::<String>().await.unwrap();
    assert!(people.contains(&"after".to_owned()));
    for round in 0..60 {
        let parts = people.iter().filter(|id| id.starts_with(&format!("{round:02}"))).count();
        assert!(parts == 0 || parts == 2, "round {round}: {parts}");
    }
}

async fn a_cancelled_statement_ends_its_transaction(world: World) {
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").execute().await.unwrap();
    give_up_after(1, transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").execute()).await;
    assert!(transaction.commit().await.is_err(), "nobody saw whether the statement failed");
    assert!(world.people().await.is_empty());
}

/// Polls a future this often, then drops it: the caller goes away at each of its waiting points in turn.
async fn give_up_after<F: Future>(polls: usize, future: F) {
    let mut future = pin!(future);
    let mut left = polls;
    let polling = poll_fn(move |context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    polling.await;
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

async fn what_is_left_for_later_runs_in_order(world: World) {
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query("INSERT INTO person (id, email, age) VALUES ('a', 'a', 1)").later().unwrap();
    transaction.query("UPDATE person SET age = age * $1").bind(10_i64).later().unwrap();
    assert!(world.people().await.is_empty(), "nobody else sees it");
    assert_eq!(transaction.query("SELECT age FROM person").fetch_all::<i64>().await.unwrap(), [10], "the next statement sees both");
    transaction.query("UPDATE person SET age = age + 1").later().unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.database.query("SELECT age FROM person").fetch_all::<i64>().await.unwrap(), [11]);
}

async fn what_fails_later_fails_the_next_statement_and_the_commit(world: World) {
    world.add_person("a").await;
    let insert = "INSERT INTO person (id, email) VALUES ($1, $1)";
    let mut transaction = world.database.begin().await.unwrap();
    for id in ["b", "a", "c"] {
        transaction.query(insert).bind(id).later().unwrap();
    }
    let next = transaction.query(insert).bind("d").execute().await;
    assert!(matches!(next, Err(StoreError::Conflict(_))), "{next:?}");
    let refused = [transaction.query(insert).bind("e").later(), transaction.query(insert).bind("e").execute().await.map(drop)];
    assert!(refused.iter().all(|result| matches!(result, Err(StoreError::Refused(_)))), "{refused:?}");
    assert!(transaction.commit().await.is_err());
    let mut transaction = world.database.begin().await.unwrap();
    transaction.query(insert).bind("b").later().unwrap();
    transaction.query(insert).bind("a").later().unwrap();
    let commit = transaction.commit().await;
    assert!(matches!(commit, Err(StoreError::Conflict(_))), "{commit:?}");
    assert_eq!(world.people().await, ["a"]);
    world.add_person("f").await;
}

async fn what_is_left_for_later_is_undone_with_the_rest(world: World) {
    for is_run in [false, true] {
        let mut transaction = world.database.begin().await.unwrap();
        transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").later().unwrap();
        if is_run {
            transaction.query("SELECT COUNT(*) FROM person").fetch_one::<i64>().await.unwrap();
        }
        drop(transaction);
        assert!(world.people().await.is_empty());
    }
    for polls in 0..4 {
        let mut transaction = world.database.begin().await.unwrap();
        transaction.query("INSERT INTO person (id, email) VALUES ('a', 'a')").later().unwrap();
        give_up_after(polls, transaction.query("UPDATE person SET age = 1").execute()).await;
        drop(transaction);
        assert!(world.people().await.is_empty(), "given up after {polls}");
    }
}

async fn only_a_transaction_leaves_statements_for_later(world: World) {
    let refused = world.database.query("INSERT INTO person (id, email) VALUES ('a', 'a')").later();
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    let mut transaction = world.database.begin().await.unwrap();
    for wrong in ["UPDATE person SET age = $1", "COMMIT", "", "DELETE FROM person; DELETE FROM note"] {
        let refused = transaction.query(wrong).later();
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{wrong}: {refused:?}");
    }
    transaction.commit().await.unwrap();
    assert!(world.people().await.is_empty());
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
