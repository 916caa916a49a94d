use portcullis_accounts::{AccountError, AccountService, Actor};
use portcullis_core::Secret;
use portcullis_store::{Database, DatabaseSettings};

use crate::support::{PASSWORD, master_key, on_every_database, origin, parts};

on_every_database! {
    async fn keys_rotate_without_an_outage(world) {
        world.user("ann", "user").await;
        let other_process = world.another().await;
        let before = world.log_in("ann").await;
        world.service.rotate_keys(&Actor::CommandLine, &origin()).await.unwrap();
        other_process.service.follow_epoch().await.unwrap();
        let states = |service: &AccountService| service.keys().list().iter().map(|key| key.state).collect::<Vec<_>>();
        assert_eq!(states(&world.service), ["active", "next"]);
        assert_eq!(states(&other_process.service), ["active", "next"]);
        world.pass(900);
        assert_eq!(states(&other_process.service), ["retiring", "active"]);
        let after = world.log_in("ann").await;
        for grant in [&before, &after] {
            assert!(other_process.who(&grant.access_token).await.is_ok());
        }
        world.pass(1861);
        assert_eq!(states(&world.service), ["active"]);
    }

    async fn keys_that_could_not_be_read_are_read_at_the_next_look(world) {
        let other_process = world.another().await;
        let database = Database::connect(&DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap();
        world.service.rotate_keys(&Actor::CommandLine, &origin()).await.unwrap();
        database.query("ALTER TABLE portcullis_signing_keys RENAME TO away").execute().await.unwrap();
        assert!(other_process.service.follow_epoch().await.is_err());
        database.query("ALTER TABLE away RENAME TO portcullis_signing_keys").execute().await.unwrap();
        other_process.service.follow_epoch().await.unwrap();
        let states: Vec<_> = other_process.service.keys().list().iter().map(|key| key.state).collect();
        assert_eq!(states, ["active", "next"], "or its users are refused as soon as the next key signs");
    }

    async fn where_no_key_signs_no_session_begins_and_no_try_is_counted(world) {
        world.user("ann", "user").await;
        let database = Database::connect(&DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap();
        database.query("ALTER TABLE portcullis_signing_keys RENAME TO away").execute().await.unwrap();
        database.query("CREATE TABLE portcullis_signing_keys AS SELECT * FROM away WHERE 1 = 0").execute().await.unwrap();
        database.query("UPDATE portcullis_security_epoch SET epoch = epoch + 1").execute().await.unwrap();
        world.service.follow_epoch().await.unwrap();
        for _ in 0..50 {
            let refused = world.try_log_in("ann", PASSWORD).await;
            assert!(matches!(refused, Err(AccountError::Internal(_))), "{refused:?}");
        }
        let sessions: i64 = database.query("SELECT COUNT(*) FROM portcullis_sessions").fetch_one().await.unwrap();
        assert_eq!(sessions, 0);
        database.query("DROP TABLE portcullis_signing_keys").execute().await.unwrap();
        database.query("ALTER TABLE away RENAME TO portcullis_signing_keys").execute().await.unwrap();
        database.query("UPDATE portcullis_security_epoch SET epoch = epoch + 1").execute().await.unwrap();
        world.service.follow_epoch().await.unwrap();
        world.log_in("ann").await;
    }

    async fn the_published_keys_are_public(world) {
        world.service.rotate_keys(&Actor::CommandLine, &origin()).await.unwrap();
        let jwks = world.service.keys().jwks();
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        for key in keys {
            let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        }
    }

    async fn another_master_key_is_refused_at_the_start(world) {
        let database = Database::connect(&DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap();
        let mut parts = parts(database, &world.clock, world.service.settings().clone());
        parts.master_key = master_key(7);
        let refused = AccountService::start(parts).await;
        assert!(matches!(refused, Err(AccountError::Internal(text)) if text.contains("master key")));
    }

    async fn two_processes_that_start_at_once_agree_on_one_key(world) {
        let others = [world.another().await, world.another().await];
        for other in others {
            assert_eq!(other.service.keys().list(), world.service.keys().list());
        }
    }
}
