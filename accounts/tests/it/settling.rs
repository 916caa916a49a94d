//! An attempt is settled on every way out: a right password is no failure, a wrong one always is.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use portcullis_accounts::{AccountError, Grant};
use portcullis_core::{Id, Secret};
use portcullis_store::{Database, DatabaseSettings};

use crate::support::{OTHER, PASSWORD, World, on_every_database, origin};

async fn database(world: &World) -> Database {
    Database::connect(&DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap()
}

/// How many failures stand against accounts.
async fn failures(database: &Database) -> i64 {
    let counts = database.query("SELECT failures FROM portcullis_login_attempts WHERE kind = 'account'").fetch_all().await.unwrap();
    counts.into_iter().map(|(failures,): (i64,)| failures).sum()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

/// Drops a log-in as soon as it is counted, as the server does when the client disconnects. Whether it was still under way.
async fn hang_up(database: &Database, log_in: impl Future<Output = Result<Grant, AccountError>>) -> bool {
    let before = failures(database).await;
    let mut log_in = pin!(log_in);
    loop {
        if std::future::poll_fn(|context| std::task::Poll::Ready(log_in.as_mut().poll(context).is_ready())).await {
            return false;
        }
        if failures(database).await > before {
            return true;
        }
        tokio::task::yield_now().await;
    }
}

/// Keeps the one hashing thread busy for a while.
fn occupy_hashing(world: &World) {
    for number in 0..20 {
        let service = world.service.clone();
        tokio::spawn(async move {
            let name = format!("busy{number}-{}", Id::new(portcullis_core::Clock::system().now()));
            let origin = portcullis_accounts::Origin::address("198.51.100.1".parse().unwrap());
            let _ = service.register(&name.parse().unwrap(), None, &Secret::new(PASSWORD), &origin).await;
        });
    }
}

on_every_database! {
    async fn a_right_password_is_no_failure_when_its_client_disconnects(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.hashing_threads = Some(1);
    }) {
        let world = world.at_real_cost().await;
        world.user("ann", "user").await;
        let database = database(&world).await;
        let mut dropped = 0;
        for _ in 0..6 {
            occupy_hashing(&world);
            dropped += usize::from(hang_up(&database, world.try_log_in("ann", PASSWORD)).await);
            until("the attempt is settled", async || failures(&database).await == 0).await;
        }
        assert!(dropped >= 5, "only {dropped} were dropped while they were judged");
        world.log_in("ann").await;
    }

    async fn a_guess_stays_counted_when_its_client_disconnects(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.hashing_threads = Some(1);
    }) {
        let world = world.at_real_cost().await;
        world.user("ann", "user").await;
        let database = database(&world).await;
        let mut dropped = 0;
        for guess in 1..=5 {
            occupy_hashing(&world);
            dropped += usize::from(hang_up(&database, world.try_log_in("ann", OTHER)).await);
            assert_eq!(failures(&database).await, guess);
        }
        assert!(dropped >= 4, "only {dropped} were dropped while they were judged");
        let judged = async || {
            let events = world.service.audit(None, 1000).await.unwrap();
            events.iter().filter(|event| event.reason.as_deref() == Some("wrong_password")).count()
        };
        until("all guesses are judged and in the audit log", async || judged().await == 5).await;
        assert!(matches!(world.try_log_in("ann", PASSWORD).await, Err(AccountError::Credentials("locked"))));
    }

    async fn the_right_old_password_is_no_failure_when_the_new_one_is_refused(world) {
        let ann = world.user("ann", "user").await;
        for _ in 0..4 {
            assert!(world.try_log_in("ann", OTHER).await.is_err());
        }
        for new in ["short", "ann", "passwordpassword"].iter().cycle().take(6) {
            let (old, new) = (Secret::new(PASSWORD), Secret::new(*new));
            let tokens = world.service.change_password(ann.id, &old, &new, None, &origin()).await;
            assert!(matches!(tokens, Err(AccountError::Password(_))), "{tokens:?}");
            let cookie = world.service.change_password_in_browser(ann.id, &old, &new, &origin()).await;
            assert!(matches!(cookie, Err(AccountError::Password(_))), "{cookie:?}");
        }
        // The guesses from before still count: one more begins the delay.
        assert!(world.try_log_in("ann", OTHER).await.is_err());
        assert!(matches!(world.try_log_in("ann", PASSWORD).await, Err(AccountError::Credentials("locked"))));
    }

    async fn a_wrong_old_password_is_a_failure(world) {
        let ann = world.user("ann", "user").await;
        for _ in 0..5 {
            let changed = world.service.change_password(ann.id, &Secret::new(OTHER), &Secret::new("new words and more"), None, &origin()).await;
            assert!(matches!(changed, Err(AccountError::Credentials(_))), "{changed:?}");
        }
        assert!(matches!(world.try_log_in("ann", PASSWORD).await, Err(AccountError::Credentials("locked"))));
    }

    async fn pruning_treats_names_that_nobody_has_like_accounts(world) {
        world.user("ann", "user").await;
        let mut seen = Vec::new();
        for name in ["ann", "nobody"] {
            for _ in 0..4 {
                assert!(world.try_log_in(name, OTHER).await.is_err());
            }
        }
        for _ in 0..3 {
            world.pass(86_400 + 1);
            world.service.prune().await.unwrap();
        }
        for name in ["ann", "nobody"] {
            for _ in 0..2 {
                seen.push(world.try_log_in(name, OTHER).await.unwrap_err().to_string());
            }
        }
        assert_eq!(seen[..2], seen[2..], "{seen:?}");
        assert_ne!(seen[0], seen[1], "the first is judged, the second finds the name locked");
    }
}
