//! Tables only ever move forward.

use portcullis_store::{Migration, Migrations, StoreError};

use crate::support::{World, now, on_both};

on_both! {
    steps_are_applied_once_and_in_order,
    two_programs_that_start_at_once_take_turns,
    a_changed_step_is_refused,
    a_step_before_an_applied_one_is_refused,
    steps_that_are_out_of_order_are_refused,
    a_newer_database_is_refused_before_anything_is_applied,
    a_step_that_fails_leaves_nothing_of_itself,
    a_program_that_only_reads_may_start_on_finished_tables,
}

const FIRST: Migration = Migration::both(1, "first", "CREATE TABLE one (id BIGINT); INSERT INTO one VALUES (1);");
const SECOND: Migration = Migration::both(2, "second", "INSERT INTO one SELECT id + 1 FROM one");
const THIRD: Migration = Migration::both(3, "third", "INSERT INTO one SELECT id + 10 FROM one");
const OTHER: Migrations = Migrations { module: "other", steps: &[Migration::both(1, "first", "CREATE TABLE other (id BIGINT)")] };

const fn shop(steps: &'static [Migration]) -> Migrations {
    Migrations { module: "shop", steps }
}

async fn ids(world: &World) -> Vec<i64> {
    world.database.query("SELECT id FROM one ORDER BY id").fetch_all().await.unwrap()
}

async fn steps_are_applied_once_and_in_order(world: World) {
    assert_eq!(world.database.migrate(&[shop(&[FIRST, SECOND]), OTHER], now()).await.unwrap(), 3);
    assert_eq!(world.database.migrate(&[shop(&[FIRST, SECOND]), OTHER], now()).await.unwrap(), 0);
    assert_eq!(world.database.migrate(&[shop(&[FIRST, SECOND, THIRD])], now()).await.unwrap(), 1);
    assert_eq!(ids(&world).await, [1, 2, 11, 12]);
    let rows: Vec<(i64, String, i64)> = world
        .database
        .query("SELECT version, name, applied_at FROM portcullis_migrations WHERE module = $1 ORDER BY version")
        .bind("shop")
        .fetch_all()
        .await
        .unwrap();
    let at = now().as_micros();
    assert_eq!(rows, [(1, "first".to_owned(), at), (2, "second".to_owned(), at), (3, "third".to_owned(), at)]);
}

async fn two_programs_that_start_at_once_take_turns(world: World) {
    let mut programs = Vec::new();
    for _ in 0..6 {
        let database = world.another().await;
        programs.push(tokio::spawn(async move { database.migrate(&[shop(&[FIRST, SECOND, THIRD])], now()).await }));
    }
    let mut applied = 0;
    for program in programs {
        applied += program.await.unwrap().unwrap();
    }
    assert_eq!(applied, 3, "each step once");
    assert_eq!(ids(&world).await, [1, 2, 11, 12]);
}

async fn a_changed_step_is_refused(world: World) {
    world.database.migrate(&[shop(&[FIRST])], now()).await.unwrap();
    const CHANGED: Migration = Migration::both(1, "first", "CREATE TABLE one (id BIGINT, more TEXT)");
    let refused = world.database.migrate(&[shop(&[CHANGED, SECOND])], now()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Migration { module: "shop", version: 1, .. }), "{refused:?}");
    assert!(refused.to_string().contains("only ever appended"), "{refused}");
    assert_eq!(ids(&world).await, [1]);
}

async fn a_step_before_an_applied_one_is_refused(world: World) {
    world.database.migrate(&[shop(&[FIRST, THIRD])], now()).await.unwrap();
    let refused = world.database.migrate(&[shop(&[FIRST, SECOND, THIRD])], now()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Migration { version: 2, .. }), "{refused:?}");
    assert_eq!(ids(&world).await, [1, 11]);
}

async fn steps_that_are_out_of_order_are_refused(world: World) {
    for steps in [&[SECOND, FIRST][..], &[FIRST, FIRST]] {
        let refused = world.database.migrate(&[shop(steps)], now()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Migration { version: 1, .. }), "{refused:?}");
    }
}

async fn a_newer_database_is_refused_before_anything_is_applied(world: World) {
    world.database.migrate(&[shop(&[FIRST, SECOND])], now()).await.unwrap();
    for older in [&[FIRST][..], &[]] {
        let refused = world.database.migrate(&[OTHER, shop(older)], now()).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Newer { module, found: 2, .. } if module == "shop"), "{refused:?}");
        assert!(refused.to_string().contains("newer version of the program"), "{refused}");
    }
    let absent = world.database.query("SELECT id FROM other").fetch_all::<i64>().await;
    assert!(matches!(absent, Err(StoreError::Refused(_))), "{absent:?}");
}

async fn a_step_that_fails_leaves_nothing_of_itself(world: World) {
    const BROKEN: Migration =
        Migration::both(2, "broken", "INSERT INTO one VALUES (2); CREATE TABLE two (id BIGINT); INSERT INTO nowhere VALUES (1);");
    let failed = world.database.migrate(&[shop(&[FIRST, BROKEN, THIRD])], now()).await.unwrap_err();
    assert!(matches!(failed, StoreError::Migration { version: 2, .. }), "{failed:?}");
    assert_eq!(ids(&world).await, [1], "the step before stays, the failed one is undone, the next isn't tried");
    assert_eq!(world.database.migrate(&[shop(&[FIRST, SECOND])], now()).await.unwrap(), 1, "a mended step is applied");
}

async fn a_program_that_only_reads_may_start_on_finished_tables(world: World) {
    world.database.migrate(&[shop(&[FIRST])], now()).await.unwrap();
    let holder = world.database.begin().await.unwrap();
    // Another program's open write transaction would stop any write.
    assert_eq!(world.another().await.migrate(&[shop(&[FIRST])], now()).await.unwrap(), 0);
    drop(holder);
}
