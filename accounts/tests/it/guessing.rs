use portcullis_accounts::{AccountError, Username};
use portcullis_core::Secret;

use crate::support::{OTHER, PASSWORD, World, on_every_database, origin};

fn is_credentials<T>(result: &Result<T, AccountError>) -> bool {
    matches!(result, Err(AccountError::Credentials(_)))
}

async fn judged(world: &World) -> usize {
    world.service.audit(None, 1000).await.unwrap().iter().filter(|event| event.reason.as_deref() == Some("wrong_password")).count()
}

on_every_database! {
    async fn incident_06_of_200_parallel_guesses_no_more_than_the_allowed_number_is_judged(world) {
        world.user("ann", "user").await;
        let guesses = (0..200).map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.log_in("ann", &Secret::new("wrong words and more"), None, &origin()).await })
        });
        for guess in guesses.collect::<Vec<_>>() {
            assert!(is_credentials(&guess.await.unwrap()));
        }
        assert_eq!(judged(&world).await, 5);
    }

    async fn incident_07_name_address_and_case_variants_share_one_counter(world) {
        world.user("ann", "user").await;
        for name in ["ann", "ANN", "Ann@example.com", "\u{ff41}nn", "ann@EXAMPLE.com"] {
            assert!(is_credentials(&world.try_log_in(name, OTHER).await), "{name}");
        }
        assert!(is_credentials(&world.try_log_in("ann", PASSWORD).await), "locked under every name");
        assert_eq!(judged(&world).await, 5);
    }

    async fn a_name_that_nobody_has_is_counted_alike(world) {
        for _ in 0..7 {
            assert!(is_credentials(&world.try_log_in("nobody", OTHER).await));
        }
        assert_eq!(judged(&world).await, 5);
    }

    async fn the_delay_doubles_and_a_right_password_during_it_is_like_a_wrong_one(world) {
        world.user("ann", "user").await;
        for _ in 0..5 {
            assert!(is_credentials(&world.try_log_in("ann", OTHER).await));
        }
        world.pass(29);
        assert!(is_credentials(&world.try_log_in("ann", PASSWORD).await));
        world.pass(1);
        assert!(is_credentials(&world.try_log_in("ann", OTHER).await));
        world.pass(59);
        assert!(is_credentials(&world.try_log_in("ann", PASSWORD).await));
        world.pass(1);
        world.log_in("ann").await;
        // The counter begins anew after a success.
        for _ in 0..4 {
            assert!(is_credentials(&world.try_log_in("ann", OTHER).await));
        }
        world.log_in("ann").await;
    }

    async fn after_100_failures_in_a_row_only_a_reset_helps(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.longest_delay_seconds = settings.first_delay_seconds;
    }) {
        let ann = world.user("ann", "user").await;
        for _ in 0..100 {
            world.pass(30);
            assert!(is_credentials(&world.try_log_in("ann", OTHER).await));
        }
        world.pass(10 * 86_400);
        assert!(is_credentials(&world.try_log_in("ann", PASSWORD).await));
        world.service.prune().await.unwrap();
        assert!(is_credentials(&world.try_log_in("ann", PASSWORD).await));
        world.service.reset_password(ann.id, &Secret::new(OTHER)).await.unwrap();
        assert!(world.try_log_in("ann", OTHER).await.is_ok());
    }

    async fn one_address_is_throttled_whoever_it_guesses_at_and_gets_its_right_tries_back(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.failures_per_address = 10;
    }) {
        world.user("ann", "user").await;
        for _ in 0..20 {
            world.log_in("ann").await;
        }
        for number in 0..10 {
            assert!(is_credentials(&world.try_log_in(&format!("user{number}"), OTHER).await));
        }
        let throttled = world.try_log_in("ann", PASSWORD).await;
        assert!(matches!(throttled, Err(AccountError::Throttled { retry_after }) if retry_after.as_secs() <= 901), "{throttled:?}");
        world.pass(900);
        world.log_in("ann").await;
    }

    async fn incident_09_unknown_wrong_and_disabled_are_one_error(world) {
        let ann = world.user("ann", "user").await;
        world.user("root", "admin").await;
        world.service.disable(&portcullis_accounts::Actor::CommandLine, ann.id, &origin()).await.unwrap();
        for (name, password) in [("ann", PASSWORD), ("ann", OTHER), ("nobody", PASSWORD), ("root", OTHER), ("", ""), ("\0", "\0")] {
            assert!(is_credentials(&world.try_log_in(name, password).await), "{name}");
        }
    }

    async fn a_taken_name_is_refused_in_every_spelling_and_an_address_is_nobody_s_until_proven(world) {
        let register = |name: &'static str, email: Option<&'static str>| {
            let service = world.service.clone();
            async move {
                let name: Username = name.parse().unwrap();
                service.register(&name, email.map(|email| email.parse().unwrap()).as_ref(), &Secret::new(PASSWORD), &origin()).await
            }
        };
        let ann = register("Ann", Some("ann@example.com")).await.unwrap();
        assert_eq!((ann.role.as_str(), ann.email_verified), ("user", false));
        assert!(matches!(register("aNN", None).await, Err(AccountError::UsernameTaken)));
        assert!(register("bob", Some("ann@example.com")).await.is_ok());
        assert!(is_credentials(&world.try_log_in("ann@example.com", PASSWORD).await));
        assert!(world.try_log_in("ANN", PASSWORD).await.is_ok());
    }

    async fn fifty_right_passwords_at_once_are_all_right(world) {
        world.user("ann", "user").await;
        let tries: Vec<_> = (0..50).map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.log_in("ann", &Secret::new(PASSWORD), None, &origin()).await })
        }).collect();
        for one in tries {
            assert!(one.await.unwrap().is_ok());
        }
    }

    async fn fifty_right_passwords_at_once_are_all_right_one_mistake_before_the_delay(world) {
        world.user("ann", "user").await;
        for _ in 0..world.service.settings().failures_before_delay - 1 {
            assert!(is_credentials(&world.try_log_in("ann", OTHER).await));
        }
        let tries: Vec<_> = (0..50).map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.log_in("ann", &Secret::new(PASSWORD), None, &origin()).await })
        }).collect();
        for one in tries {
            let result = one.await.unwrap();
            assert!(result.is_ok(), "{result:?}");
        }
    }

    async fn a_crowd_at_one_account_waits_in_no_line_without_end(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.hashing_queue_per_address = 5;
        settings.hashing_threads = Some(1);
    }) {
        world.user("ann", "user").await;
        let tries: Vec<_> = (0..50).map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.log_in("ann", &Secret::new(PASSWORD), None, &origin()).await })
        }).collect();
        let (mut right, mut busy) = (0, 0);
        for one in tries {
            let result = one.await.unwrap();
            right += usize::from(result.is_ok());
            busy += usize::from(matches!(&result, Err(AccountError::Busy(told)) if told.retry_after.as_secs() >= 1));
        }
        assert!(right >= 6 && busy > 0 && right + busy == 50, "{right} {busy}");
        world.log_in("ann").await;
    }

    async fn two_processes_that_let_the_same_account_in_do_not_hinder_each_other(world) {
        world.user("ann", "user").await;
        let other = world.another().await;
        let tries: Vec<_> = (0..50).map(|number| {
            let service = if number % 2 == 0 { world.service.clone() } else { other.service.clone() };
            tokio::spawn(async move { service.log_in("ann", &Secret::new(PASSWORD), None, &origin()).await })
        }).collect();
        for one in tries {
            // Each process lets as many try at once as can't delay the account; both together may, for as long as those tries take.
            let result = one.await.unwrap();
            assert!(result.is_ok() || is_credentials(&result), "{result:?}");
        }
    }

    async fn an_office_that_logs_in_at_once_is_not_taken_for_guessing(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.failures_per_address = 8;
    }) {
        for number in 0..40 {
            world.user(&format!("user{number}"), "user").await;
        }
        let tries: Vec<_> = (0..40).map(|number| {
            let service = world.service.clone();
            let name = format!("user{number}");
            tokio::spawn(async move { service.log_in(&name, &Secret::new(PASSWORD), None, &origin()).await })
        }).collect();
        let mut right = 0;
        for one in tries {
            let result = one.await.unwrap();
            right += usize::from(result.is_ok());
            assert!(matches!(&result, Ok(_) | Err(AccountError::Busy(_))), "{result:?}");
        }
        assert!(right >= 8, "{right}");
        // Who really guesses is refused for the rest of the window.
        for _ in 0..8 {
            assert!(is_credentials(&world.try_log_in("nobody", "wrong words and more").await));
            world.hand.advance(std::time::Duration::from_secs(40));
        }
        let refused = world.try_log_in("user0", PASSWORD).await;
        assert!(matches!(refused, Err(AccountError::Throttled { retry_after }) if retry_after.as_secs() > 60), "{refused:?}");
    }

    async fn a_try_that_was_not_judged_does_not_count(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.hashing_queue = 1;
        settings.hashing_queue_per_address = 1;
        settings.hashing_threads = Some(1);
        settings.failures_before_delay = 1;
        settings.failures_per_address = 60;
    }) {
        for number in 0..50 {
            world.user(&format!("user{number}"), "user").await;
        }
        for _ in 0..3 {
            // Others hash, too, and fill the queue.
            let others: Vec<_> = (0..50).map(|_| {
                let service = world.service.clone();
                tokio::spawn(async move { service.register(&"x".parse().unwrap(), None, &Secret::new(PASSWORD), &origin()).await })
            }).collect();
            let tries: Vec<_> = (0..50).map(|number| {
                let service = world.service.clone();
                let name = format!("user{number}");
                tokio::spawn(async move { service.log_in(&name, &Secret::new(PASSWORD), None, &origin()).await })
            }).collect();
            for one in tries {
                let result = one.await.unwrap();
                assert!(matches!(result, Ok(_) | Err(AccountError::Busy(_))), "{result:?}");
            }
            for one in others {
                let _ = one.await.unwrap();
            }
        }
    }

    async fn a_full_hashing_queue_says_when_to_come_back(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.hashing_queue = 1;
        settings.hashing_queue_per_address = 1;
        settings.hashing_threads = Some(1);
    }) {
        world.user("ann", "user").await;
        let tries: Vec<_> = (0..100).map(|_| {
            let service = world.service.clone();
            tokio::spawn(async move { service.register(&"x".parse().unwrap(), None, &Secret::new(PASSWORD), &origin()).await })
        }).collect();
        let mut busy = 0;
        for one in tries {
            busy += usize::from(matches!(one.await.unwrap(), Err(AccountError::Busy(busy)) if busy.retry_after.as_secs() >= 1));
        }
        assert!(busy > 0);
    }
}
