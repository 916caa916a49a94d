//! A user has a bounded number of sessions at once.

use portcullis_core::{Principal, Secret};
use portcullis_web::authn::{Authority as _, Credential, Rejection};

use crate::support::{PASSWORD, World, on_every_database, origin};

async fn cookie(world: &World, name: &str) -> Secret {
    world.service.log_in_browser(name, &Secret::new(PASSWORD), &origin()).await.unwrap()
}

async fn who_by_cookie(world: &World, cookie: &Secret) -> Result<Principal, Rejection> {
    world.service.verify(Credential::Session(cookie.expose())).await
}

async fn open_sessions(world: &World) -> i64 {
    world.database().await.query("SELECT COUNT(*) FROM portcullis_sessions WHERE revoked_at IS NULL").fetch_one().await.unwrap()
}

on_every_database! {
    async fn the_session_that_began_first_ends_whatever_carries_it(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.sessions_per_user = 3;
    }) {
        let ann = world.user("ann", "user").await;
        world.user("bob", "user").await;
        let bob = world.log_in("bob").await;
        let first = world.log_in("ann").await;
        let second = cookie(&world, "ann").await;
        let third = world.log_in("ann").await;
        assert!(world.who(&first.access_token).await.is_ok() && !world.audit_kinds().await.contains(&"session_expired".to_owned()));
        let watching = world.another().await;
        let slot = world.revocations.slot(&ann.id.to_string());
        let before = [world.revocations.stamp(slot), watching.revocations.stamp(slot)];

        let fourth = cookie(&world, "ann").await;
        assert!(world.who(&first.access_token).await.is_err() && world.refresh(&first).await.is_err());
        assert_ne!(world.revocations.stamp(slot), before[0], "forgotten here at once");
        watching.service.follow_epoch().await.unwrap();
        assert_ne!(watching.revocations.stamp(slot), before[1], "and by other processes");
        assert!(who_by_cookie(&world, &second).await.is_ok() && world.who(&third.access_token).await.is_ok());
        let event = world.service.audit(None, 100).await.unwrap().into_iter().find(|event| event.kind == "session_expired").unwrap();
        assert_eq!((event.target.as_deref(), event.level.as_str()), (Some(ann.id.to_string().as_str()), "info"));
        assert_eq!(event.details, r#"{"reason":"sessions_per_user","sessions":1}"#);

        let fifth = world.log_in("ann").await;
        assert!(who_by_cookie(&world, &second).await.is_err());
        for open in [&third, &fifth, &bob] {
            assert!(world.who(&open.access_token).await.is_ok());
        }
        assert!(who_by_cookie(&world, &fourth).await.is_ok());
    }

    async fn sessions_that_are_over_take_no_place(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.sessions_per_user = 2;
    }) {
        let ann = world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let second = world.log_in("ann").await;
        world.service.log_out(ann.id, second.session, &origin()).await.unwrap();
        cookie(&world, "ann").await;
        assert!(world.who(&first.access_token).await.is_ok());
        // The browser's session is over after a day, that of tokens is not.
        world.pass(86_400);
        let third = world.log_in("ann").await;
        assert!(world.refresh(&first).await.is_ok() && world.refresh(&third).await.is_ok());
        assert!(!world.audit_kinds().await.contains(&"session_expired".to_owned()));
    }

    async fn a_lower_setting_ends_what_is_too_many_at_the_next_log_in(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.sessions_per_user = 1;
    }) {
        let ann = world.user("ann", "user").await;
        let database = world.database().await;
        for number in 0..5_i64 {
            database.query("INSERT INTO portcullis_sessions (id, user_id, created_at, authenticated_at, last_used_at, expires_at, methods, client) VALUES ($1, $2, $3, 0, 0, $4, 'pwd', 'first-party')")
                .bind(format!("old{number}")).bind(ann.id).bind(number).bind(i64::MAX).execute().await.unwrap();
        }
        let grant = world.log_in("ann").await;
        assert_eq!(open_sessions(&world).await, 1);
        assert!(world.who(&grant.access_token).await.is_ok());
        let event = world.service.audit(None, 100).await.unwrap().into_iter().find(|event| event.kind == "session_expired").unwrap();
        assert!(event.details.contains("\"sessions\":5"), "{}", event.details);
    }

    async fn fifty_log_ins_in_parallel_leave_exactly_the_bound(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.sessions_per_user = 7;
    }) {
        world.user("ann", "user").await;
        let tries: Vec<_> = (0..50).map(|number| {
            let service = world.service.clone();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    service.log_in("ann", &Secret::new(PASSWORD), None, &origin()).await.map(drop)
                } else {
                    service.log_in_browser("ann", &Secret::new(PASSWORD), &origin()).await.map(drop)
                }
            })
        }).collect();
        for one in tries {
            one.await.unwrap().unwrap();
        }
        assert_eq!(open_sessions(&world).await, 7);
    }

    async fn a_changed_password_begins_its_session_whatever_the_bound(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.sessions_per_user = 1;
    }) {
        let ann = world.user("ann", "user").await;
        world.log_in("ann").await;
        let new = Secret::new("words that are new again");
        let grant = world.service.change_password(ann.id, &Secret::new(PASSWORD), &new, None, &origin()).await.unwrap();
        assert!(world.who(&grant.access_token).await.is_ok());
        assert_eq!(open_sessions(&world).await, 1);
    }
}
