//! Statements that go to the database in one trip.

use std::pin::pin;

use portcullis_store::StoreError;

use crate::support::{World, on_both};

on_both! {
    a_batch_is_seen_whole_by_everyone,
    its_answers_come_in_order,
    without_a_row_that_it_needs_nothing_takes_effect,
    a_statement_that_fails_undoes_all_of_it,
    a_batch_that_is_not_committed_does_nothing,
    a_cancelled_batch_is_whole_or_nothing,
    its_statements_cannot_be_run_by_themselves,
    an_empty_batch_is_no_mistake,
    one_of_fifty_parallel_batches_spends_what_is_single,
}

const INSERT: &str = "INSERT INTO person (id, email) VALUES ($1, $1)";

async fn a_batch_is_seen_whole_by_everyone(world: World) {
    for is_lenient in [false, true] {
        let mut batch = world.database.batch();
        if is_lenient {
            batch = batch.lenient();
        }
        for id in if is_lenient { ["c", "d"] } else { ["a", "b"] } {
            batch.query(INSERT).bind(id).later().unwrap();
        }
        batch.commit().await.unwrap();
    }
    for database in [world.database.clone(), world.another().await] {
        assert_eq!(database.query("SELECT id FROM person ORDER BY id").fetch_all::<String>().await.unwrap(), ["a", "b", "c", "d"]);
    }
}

async fn its_answers_come_in_order(world: World) {
    world.add_person("a").await;
    let mut batch = world.database.batch();
    batch.query("UPDATE person SET age = 3 WHERE id = 'a' RETURNING age").needed().unwrap();
    batch.query("UPDATE person SET age = age + 1").later().unwrap();
    batch.query("SELECT id FROM person WHERE id = 'nobody'").wanted().unwrap();
    batch.query("SELECT id, age FROM person").wanted().unwrap();
    let mut answers = batch.commit().await.unwrap();
    assert_eq!(answers.next_row::<i64>().unwrap(), Some(3));
    assert_eq!(answers.next_row::<String>().unwrap(), None);
    assert_eq!(answers.next_row::<(String, i64)>().unwrap(), Some(("a".to_owned(), 4)));
    assert_eq!(answers.next_row::<i64>().unwrap(), None, "there is no more");
}

async fn without_a_row_that_it_needs_nothing_takes_effect(world: World) {
    world.add_person("a").await;
    for is_lenient in [false, true] {
        let mut batch = world.database.batch();
        if is_lenient {
            batch = batch.lenient();
        }
        batch.query(INSERT).bind("b").later().unwrap();
        batch.query("UPDATE person SET age = 3 WHERE id = 'nobody' RETURNING id").needed().unwrap();
        batch.query(INSERT).bind("c").later().unwrap();
        let missing = batch.commit().await;
        assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
        assert_eq!(world.people().await, ["a"]);
    }
    world.add_person("d").await;
}

async fn a_statement_that_fails_undoes_all_of_it(world: World) {
    world.add_person("a").await;
    let mut batch = world.database.batch();
    for id in ["b", "a", "c"] {
        batch.query(INSERT).bind(id).later().unwrap();
    }
    let conflict = batch.commit().await;
    assert!(matches!(conflict, Err(StoreError::Conflict(_))), "{conflict:?}");
    assert_eq!(world.people().await, ["a"]);
    world.add_person("d").await;
}

async fn a_batch_that_is_not_committed_does_nothing(world: World) {
    let mut batch = world.database.batch();
    batch.query(INSERT).bind("a").later().unwrap();
    drop(batch);
    assert!(world.people().await.is_empty());
    world.add_person("b").await;
}

async fn a_cancelled_batch_is_whole_or_nothing(world: World) {
    for round in 0..40 {
        let mut batch = world.database.batch();
        for part in ["x", "y"] {
            batch.query(INSERT).bind(format!("{round:02}{part}")).later().unwrap();
        }
        let mut commit = pin!(batch.commit());
        for _ in 0..round % 8 {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if commit.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    world.add_person("after").await;
    let people = world.another().await.query("SELECT id FROM person ORDER BY id").fetch_all::<String>().await.unwrap();
    assert!(people.contains(&"after".to_owned()));
    for round in 0..40 {
        let parts = people.iter().filter(|id| id.starts_with(&format!("{round:02}"))).count();
        assert!(parts == 0 || parts == 2, "round {round}: {parts}");
    }
}

async fn its_statements_cannot_be_run_by_themselves(world: World) {
    let mut batch = world.database.batch();
    let run = batch.query(INSERT).bind("a").execute().await;
    assert!(matches!(run, Err(StoreError::Refused(_))), "{run:?}");
    for wrong in ["UPDATE person SET age = $1", "COMMIT", "", "DELETE FROM person; DELETE FROM note"] {
        let refused = batch.query(wrong).later();
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{wrong}: {refused:?}");
    }
    batch.commit().await.unwrap();
    for refused in [world.database.query("SELECT 1").wanted(), world.database.query("SELECT 1").needed()] {
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    let mut transaction = world.database.begin().await.unwrap();
    let refused = transaction.query("SELECT 1").needed();
    assert!(matches!(refused, Err(StoreError::Refused(_))), "a transaction's commit has no answers: {refused:?}");
    drop(transaction);
    assert!(world.people().await.is_empty());
}

async fn an_empty_batch_is_no_mistake(world: World) {
    let mut answers = world.database.batch().commit().await.unwrap();
    assert_eq!(answers.next_row::<i64>().unwrap(), None);
}

async fn one_of_fifty_parallel_batches_spends_what_is_single(world: World) {
    world.add_person("code").await;
    let other = world.another().await;
    let tasks: Vec<_> = (0..50_i64)
        .map(|number| {
            let database = if number % 2 == 0 { world.database.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut batch = database.batch();
                let spend = "UPDATE person SET used_at = $1 WHERE id = 'code' AND used_at IS NULL RETURNING used_at";
                batch.query(spend).bind(number).needed().unwrap();
                batch.query(INSERT).bind(format!("winner {number}")).later().unwrap();
                match batch.commit().await {
                    Err(StoreError::NotFound) => None,
                    answers => answers.unwrap().next_row::<i64>().unwrap(),
                }
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    let people = world.people().await;
    assert_eq!(people, ["code".to_owned(), format!("winner {}", winners.first().unwrap())]);
}
