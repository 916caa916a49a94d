use portcullis_accounts::{AccountError, Grant};
use portcullis_core::Secret;

use crate::support::{World, on_every_database, origin};

fn texts(grant: &Grant) -> (String, String) {
    (grant.access_token.expose().to_owned(), grant.refresh_token.expose().to_owned())
}

async fn is_dead(world: &World, grant: &Grant) -> bool {
    world.refresh(grant).await.is_err() && world.who(&grant.access_token).await.is_err()
}

on_every_database! {
    async fn incident_10_fifty_parallel_uses_are_one_rotation(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let uses: Vec<_> = (0..50).map(|_| {
            let (service, token) = (world.service.clone(), first.refresh_token.clone());
            tokio::spawn(async move { service.refresh(token.expose(), "first-party", None, &origin()).await })
        }).collect();
        let mut answers = std::collections::BTreeSet::new();
        for one in uses {
            answers.insert(texts(&one.await.unwrap().unwrap()));
        }
        assert_eq!(answers.len(), 1, "one new pair of tokens, given to everyone who lost the race");
        let created = world.audit_kinds().await.into_iter().filter(|kind| kind == "authn_token_created").count();
        assert_eq!(created, 1);
    }

    async fn incident_10_reuse_after_the_grace_period_kills_the_family(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let second = world.refresh(&first).await.unwrap();
        world.pass(11);
        assert!(matches!(world.refresh(&first).await, Err(AccountError::Grant(_))));
        assert!(is_dead(&world, &second).await);
        assert!(world.audit_kinds().await.contains(&"authn_token_reuse".to_owned()));
    }

    async fn a_token_whose_successor_was_used_is_theft_even_within_the_grace_period(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let second = world.refresh(&first).await.unwrap();
        let third = world.refresh(&second).await.unwrap();
        assert!(world.refresh(&first).await.is_err());
        assert!(is_dead(&world, &third).await);
    }

    async fn incident_11_reuse_is_recognised_by_another_process(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let second = world.refresh(&first).await.unwrap();
        world.pass(11);
        let restarted = world.another().await;
        assert!(restarted.refresh(&first).await.is_err());
        assert!(is_dead(&world, &second).await);
    }

    async fn incident_12_a_retry_within_the_grace_period_gets_the_same_answer(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let second = world.refresh(&first).await.unwrap();
        world.pass(9);
        let again = world.another().await.refresh(&first).await.unwrap();
        assert_eq!(texts(&again), texts(&second));
        assert!(world.refresh(&again).await.is_ok());
    }

    async fn another_client_gets_nothing_and_spends_nothing(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        let other = world.service.refresh(first.refresh_token.expose(), "somebody-else", None, &origin()).await;
        assert!(matches!(other, Err(AccountError::Grant(_))));
        assert!(world.refresh(&first).await.is_ok());
    }

    async fn unknown_and_expired_tokens_are_refused(world) {
        world.user("ann", "user").await;
        let first = world.log_in("ann").await;
        for token in ["", "x", first.access_token.expose()] {
            assert!(matches!(world.service.refresh(token, "first-party", None, &origin()).await, Err(AccountError::Grant(_))));
        }
        world.pass(14 * 86_400);
        assert!(matches!(world.refresh(&first).await, Err(AccountError::Grant(_))));
    }

    async fn a_session_ends_30_days_after_the_log_in_however_often_it_is_refreshed(world) {
        world.user("ann", "user").await;
        let mut grant = world.log_in("ann").await;
        for _ in 0..2 {
            world.pass(13 * 86_400);
            grant = world.refresh(&grant).await.unwrap();
        }
        world.pass(4 * 86_400);
        assert!(matches!(world.refresh(&grant).await, Err(AccountError::Grant(_))));
    }

    async fn a_scope_never_widens(world) {
        world.user("ann", "user").await;
        let narrow = world.service.log_in("ann", &Secret::new(crate::support::PASSWORD), Some("a b"), &origin()).await.unwrap();
        assert_eq!(narrow.scope, "a b");
        let refresh = |token: Secret, scope: Option<&'static str>| {
            let service = world.service.clone();
            async move { service.refresh(token.expose(), "first-party", scope, &origin()).await }
        };
        assert!(matches!(refresh(narrow.refresh_token.clone(), Some("a c")).await, Err(AccountError::Scope)));
        let narrower = refresh(narrow.refresh_token.clone(), Some("b")).await.unwrap();
        assert_eq!(world.who(&narrower.access_token).await.unwrap().identity().scopes.as_deref(), Some(["b".to_owned()].as_slice()));
        let back = refresh(narrower.refresh_token.clone(), None).await.unwrap();
        assert_eq!(back.scope, "a b");
    }

    async fn a_scope_is_declared_and_has_one_order(world) {
        world.user("ann", "user").await;
        let log_in = |scope: Option<&'static str>| {
            let service = world.service.clone();
            async move { service.log_in("ann", &Secret::new(crate::support::PASSWORD), scope, &origin()).await }
        };
        for (asked, granted, held) in [
            (None, "", None),
            (Some(""), "", None),
            (Some("c a c b a"), "a b c", Some(vec!["a", "b", "c"])),
            (Some("b"), "b", Some(vec!["b"])),
        ] {
            let grant = log_in(asked).await.unwrap();
            assert_eq!(grant.scope, granted, "{asked:?}");
            let scopes = world.who(&grant.access_token).await.unwrap().identity().scopes.clone();
            assert_eq!(scopes, held.map(|list| list.into_iter().map(str::to_owned).collect()), "{asked:?}");
        }
        for refused in ["d", "a d", " ", "a ", " a", "a  b", "a\tb", "A"] {
            assert!(matches!(log_in(Some(refused)).await, Err(AccountError::Scope)), "{refused:?}");
        }
    }

    async fn a_changed_password_keeps_the_scopes_of_the_token(world) {
        let ann = world.user("ann", "user").await;
        let (old, new) = (Secret::new(crate::support::PASSWORD), Secret::new(crate::support::OTHER));
        let scopes = ["b".to_owned()];
        let grant = world.service.change_password(ann.id, &old, &new, Some(&scopes), &origin()).await.unwrap();
        assert_eq!(world.refresh(&grant).await.unwrap().scope, "b");
        // A token with no scope at all is no unrestricted one.
        let grant = world.service.change_password(ann.id, &new, &old, Some(&[]), &origin()).await.unwrap();
        for grant in [&grant, &world.refresh(&grant).await.unwrap()] {
            assert_eq!(world.who(&grant.access_token).await.unwrap().identity().scopes, Some(Vec::new()));
        }
    }
}
