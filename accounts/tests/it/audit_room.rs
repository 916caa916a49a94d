//! How many rows of the audit log strangers cause, and what they can't displace.

use portcullis_accounts::{Actor, NewUser};
use portcullis_core::Secret;
use portcullis_store::{Database, DatabaseSettings};

use crate::support::{OTHER, PASSWORD, World, on_every_database, origin};

async fn count(world: &World, kind: &str) -> usize {
    world.service.audit(None, 10_000).await.unwrap().iter().filter(|event| event.kind == kind).count()
}

/// Tries a wrong password under names that nobody has, each once.
async fn spray(world: &World, names: std::ops::Range<usize>) {
    let tries = names.map(|number| {
        let service = world.service.clone();
        tokio::spawn(async move { service.log_in(&format!("nobody{number}"), &Secret::new(OTHER), None, &origin()).await })
    });
    for tried in tries.collect::<Vec<_>>() {
        assert!(tried.await.unwrap().is_err());
    }
}

on_every_database! {
    async fn failed_log_ins_write_few_rows_and_displace_nothing_else(world) {
        world.user("ann", "user").await;
        spray(&world, 0..600).await;
        assert_eq!(count(&world, "authn_login_fail").await, 350);
        // What has no row is written all the same, so that the time of an answer doesn't tell.
        let database = Database::connect(&DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap();
        let kept = "SELECT failures FROM portcullis_login_attempts WHERE kind = 'dropped'";
        assert_eq!(database.query(kept).fetch_one::<(i64,)>().await.unwrap(), (250,));
        // Lock-outs, token reuse, registrations, log-ins and administration have their own room.
        for _ in 0..5 {
            assert!(world.try_log_in("ann", OTHER).await.is_err());
        }
        let new = NewUser { username: "bob".parse().unwrap(), email: None, role: "user".to_owned() };
        let bob = world.service.add_user(&new, &Secret::new(PASSWORD)).await.unwrap();
        let grant = world.log_in("bob").await;
        world.refresh(&grant).await.unwrap();
        world.pass(60);
        assert!(world.refresh(&grant).await.is_err());
        world.service.register(&"carl".parse().unwrap(), None, &Secret::new(PASSWORD), &origin()).await.unwrap();
        world.service.disable(&Actor::CommandLine, bob.id, &origin()).await.unwrap();
        for (kind, rows) in [
            ("authn_login_lock", 1),
            ("authn_login_success", 1),
            ("authn_token_created", 1),
            ("authn_token_reuse", 1),
            ("user_created", 3),
            ("user_archived", 1),
        ] {
            assert_eq!(count(&world, kind).await, rows, "{kind}");
        }
        world.pass(3600);
        spray(&world, 600..610).await;
        assert_eq!(count(&world, "authn_login_fail").await, 360, "room comes back");
    }

    async fn registrations_write_few_rows_but_all_succeed(world) {
        for number in 0..520 {
            world.service.register(&format!("guest{number}").parse().unwrap(), None, &Secret::new(PASSWORD), &origin()).await.unwrap();
        }
        assert_eq!(count(&world, "user_created").await, 500);
        let new = NewUser { username: "bob".parse().unwrap(), email: None, role: "user".to_owned() };
        world.service.add_user(&new, &Secret::new(PASSWORD)).await.unwrap();
        assert_eq!(count(&world, "user_created").await, 501, "an administrator's are always written");
    }
}
