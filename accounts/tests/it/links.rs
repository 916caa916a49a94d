//! One-time links hold no longer than the authority of whoever made them.

use portcullis_accounts::{AccountError, Actor, NewUser, UserView};
use portcullis_core::Secret;

use crate::support::{OTHER, PASSWORD, World, by, on_every_database, origin};

async fn actor(world: &World, name: &str) -> Actor {
    by(world.who(&world.log_in(name).await.access_token).await.unwrap())
}

fn code(link: &Secret) -> String {
    link.expose().split_once("code=").unwrap().1.to_owned()
}

async fn redeem(world: &World, code: &str) -> Result<UserView, AccountError> {
    world.service.set_password_by_link(code, &Secret::new(OTHER), &origin()).await
}

/// A link for setting the target's password, made by a user.
async fn link(world: &World, creator: &str, target: &UserView) -> String {
    let creator = actor(world, creator).await;
    code(&world.service.password_link(&creator, target.id, &origin()).await.unwrap().link)
}

async fn voided(world: &World) -> Vec<(Option<String>, String)> {
    let events = world.service.audit(None, 1000).await.unwrap();
    let events = events.into_iter().filter(|event| event.kind == "authn_link_voided");
    events
        .map(|event| {
            (event.target, serde_json::from_str::<serde_json::Value>(&event.details).unwrap()["reason"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn is_refused<T: std::fmt::Debug>(result: &Result<T, AccountError>) -> bool {
    matches!(result, Err(AccountError::Grant(_)))
}

/// What happens to the creator or to the user of a link before it is used.
#[derive(Clone, Copy, Debug)]
enum Before {
    Disabled,
    DisabledAndEnabled,
    Role(&'static str),
    LoggedOutEverywhere,
    PasswordChanged,
    PasswordReset,
}

async fn happens(world: &World, before: Before, user: &UserView) {
    let (service, from, operator) = (&world.service, origin(), Actor::CommandLine);
    match before {
        Before::Disabled => drop(service.disable(&operator, user.id, &from).await.unwrap()),
        Before::DisabledAndEnabled => {
            service.disable(&operator, user.id, &from).await.unwrap();
            service.enable(&operator, user.id, &from).await.unwrap();
        }
        Before::Role(role) => drop(service.set_role(&operator, user.id, role, &from).await.unwrap()),
        Before::LoggedOutEverywhere => drop(service.log_out_everywhere(user.id, &from).await.unwrap()),
        Before::PasswordChanged => {
            drop(
                service
                    .change_password(user.id, &Secret::new(PASSWORD), &Secret::new("words that are new again"), None, &from)
                    .await
                    .unwrap(),
            );
        }
        Before::PasswordReset => drop(service.reset_password(user.id, &Secret::new(PASSWORD)).await.unwrap()),
    }
}

on_every_database! {
    async fn an_administrator_who_was_disabled_takes_nobody_over_by_a_link_made_before(world) {
        let (mallory, bea) = (world.user("mallory", "admin").await, world.user("bea", "admin").await);
        let code = link(&world, "mallory", &bea).await;
        let bea_now = actor(&world, "bea").await;
        world.service.disable(&bea_now, mallory.id, &origin()).await.unwrap();
        assert!(is_refused(&redeem(&world, &code).await));
        assert!(world.try_log_in("bea", OTHER).await.is_err(), "the password is as it was");
        world.log_in("bea").await;
        assert_eq!(voided(&world).await, [(Some(bea.id.to_string()), "disabled".to_owned())]);
        let events = world.service.audit(None, 1000).await.unwrap();
        let event = events.iter().find(|event| event.kind == "authn_link_voided").unwrap();
        assert_eq!((event.actor.clone(), event.level.as_str()), (Some(bea.id.to_string()), "warn"));
        assert!(event.details.contains(&mallory.id.to_string()), "who made it: {}", event.details);
    }

    async fn an_invitation_of_an_administrator_who_was_disabled_is_void(world) {
        let (mallory, _) = (world.user("mallory", "admin").await, world.user("root", "admin").await);
        let new = NewUser { username: "puppet".parse().unwrap(), email: None, role: "admin".to_owned() };
        let invited = world.service.invite(&actor(&world, "mallory").await, &new, &origin()).await.unwrap();
        world.service.disable(&actor(&world, "root").await, mallory.id, &origin()).await.unwrap();
        assert!(is_refused(&redeem(&world, &code(&invited.link)).await));
        assert!(!world.service.user(invited.user.id).await.unwrap().has_password);
        assert_eq!(voided(&world).await, [(Some(invited.user.id.to_string()), "disabled".to_owned())]);
    }

    async fn what_changes_the_creator_or_the_user_voids_the_link(world) {
        world.user("keeper", "admin").await;
        let kinds = [
            (Before::Disabled, "disabled"),
            (Before::DisabledAndEnabled, "disabled"),
            (Before::Role("user"), "role_changed"),
            (Before::Role("admin"), "role_changed"),
            (Before::LoggedOutEverywhere, "logged_out_everywhere"),
            (Before::PasswordChanged, "password_change"),
            (Before::PasswordReset, "password_change"),
        ];
        for (number, (before, reason)) in kinds.into_iter().enumerate() {
            for of_creator in [true, false] {
                let creator = world.user(&format!("creator{number}{of_creator}"), "manager").await;
                let target = world.user(&format!("target{number}{of_creator}"), "guest").await;
                let code = link(&world, &creator.username, &target).await;
                happens(&world, before, if of_creator { &creator } else { &target }).await;
                let known = voided(&world).await;
                assert!(is_refused(&redeem(&world, &code).await), "{before:?}, of the creator: {of_creator}");
                assert!(known.contains(&(Some(target.id.to_string()), reason.to_owned())), "{before:?}: {known:?}");
            }
        }
    }

    async fn a_new_address_of_the_user_voids_links_that_were_sent_to_the_old_one(world) {
        let ann = world.user("ann", "user").await;
        let invited = world.service.password_link(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        let address = "ann@new.example".parse().unwrap();
        world.service.change_email(ann.id, Some(&address), &origin()).await.unwrap();
        assert!(is_refused(&redeem(&world, &code(&invited.link)).await));
        assert_eq!(voided(&world).await, [(Some(ann.id.to_string()), "email_changed".to_owned())]);
        let again = world.service.password_link(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        world.service.change_email(ann.id, Some(&address), &origin()).await.unwrap();
        assert!(redeem(&world, &code(&again.link)).await.is_ok(), "the same address voids nothing");
    }

    async fn a_link_and_a_new_address_in_parallel_never_wait_for_each_other(world) {
        for number in 0..50 {
            let target = world.user(&format!("target{number}"), "user").await;
            let invited = world.service.password_link(&Actor::CommandLine, target.id, &origin()).await.unwrap();
            let (service, code) = (world.service.clone(), code(&invited.link));
            let redeeming = tokio::spawn(async move { service.set_password_by_link(&code, &Secret::new(OTHER), &origin()).await });
            let service = world.service.clone();
            let address = format!("target{number}@new.example").parse().unwrap();
            let changing = tokio::spawn(async move { service.change_email(target.id, Some(&address), &origin()).await });
            assert!(changing.await.unwrap().is_ok());
            let redeemed = redeeming.await.unwrap();
            assert!(redeemed.is_ok() || is_refused(&redeemed), "{redeemed:?}");
        }
    }

    async fn a_refresh_token_used_twice_voids_the_links_that_its_user_made(world) {
        world.user("root", "admin").await;
        let ann = world.user("ann", "user").await;
        let first = world.log_in("root").await;
        let code = link(&world, "root", &ann).await;
        world.refresh(&first).await.unwrap();
        world.pass(11);
        assert!(world.refresh(&first).await.is_err());
        assert!(is_refused(&redeem(&world, &code).await));
    }

    async fn the_authority_of_the_creator_is_read_again_when_the_link_is_used(world) {
        world.user("keeper", "admin").await;
        let database = world.database().await;
        // As somebody changes the tables who does not know of links.
        for (number, change) in [
            "UPDATE portcullis_users SET disabled_at = 1 WHERE username = 'creator'",
            "UPDATE portcullis_users SET role = 'user' WHERE username = 'creator'",
            "UPDATE portcullis_users SET role = 'guest' WHERE username = 'creator'",
            "UPDATE portcullis_users SET role = 'gone' WHERE username = 'creator'",
            "UPDATE portcullis_users SET role = 'admin' WHERE username = 'target'",
            "UPDATE portcullis_users SET role = 'auditor' WHERE username = 'target'",
            "DELETE FROM portcullis_users WHERE username = 'creator'",
            "UPDATE portcullis_links SET creator = NULL",
            "UPDATE portcullis_links SET creator_role = NULL",
            "UPDATE portcullis_links SET creator_role = 'admin'",
        ].into_iter().enumerate() {
            world.user("creator", "manager").await;
            let target = world.user("target", "user").await;
            let code = link(&world, "creator", &target).await;
            database.query(change).execute().await.unwrap();
            assert!(is_refused(&redeem(&world, &code).await), "{change}");
            let known = voided(&world).await;
            assert_eq!(known.len(), number + 1, "the audit log tells it once: {change}");
            assert!(known.contains(&(Some(target.id.to_string()), "creator_lost_authority".to_owned())), "{known:?}");
            assert!(is_refused(&redeem(&world, &code).await), "void for good");
            database.query("UPDATE portcullis_users SET username = id, username_canonical = id, email_verified_at = NULL WHERE username <> 'keeper'").execute().await.unwrap();
        }
    }

    async fn links_of_the_command_line_and_of_a_present_administrator_work(world) {
        world.user("root", "admin").await;
        let (ann, bob) = (world.user("ann", "manager").await, world.user("bob", "admin").await);
        let by_root = link(&world, "root", &ann).await;
        let by_operator = world.service.password_link(&Actor::CommandLine, bob.id, &origin()).await.unwrap();
        assert_eq!(redeem(&world, &by_root).await.unwrap().id, ann.id);
        assert_eq!(redeem(&world, &code(&by_operator.link)).await.unwrap().id, bob.id);
        assert!(world.try_log_in("ann", OTHER).await.is_ok() && world.try_log_in("bob", OTHER).await.is_ok());
        assert_eq!(voided(&world).await, []);
    }

    async fn a_link_that_is_used_while_its_creator_is_being_disabled_waits_and_is_refused(world) {
        let (creator, target) = (world.user("creator", "admin").await, world.user("target", "user").await);
        let code = link(&world, "creator", &target).await;
        let database = world.database().await;
        let mut disabling = database.begin().await.unwrap();
        disabling.query("UPDATE portcullis_security_epoch SET epoch = epoch + 1").execute().await.unwrap();
        disabling.query("UPDATE portcullis_users SET disabled_at = 1 WHERE id = $1").bind(creator.id).execute().await.unwrap();
        let late = {
            let (service, code) = (world.service.clone(), code.clone());
            tokio::spawn(async move { service.set_password_by_link(&code, &Secret::new(OTHER), &origin()).await })
        };
        tokio::task::yield_now().await;
        disabling.commit().await.unwrap();
        assert!(is_refused(&late.await.unwrap()));
        world.log_in("target").await;
    }

    async fn of_a_link_and_the_disabling_of_its_creator_in_parallel_both_orders_are_whole(world) {
        world.user("keeper", "admin").await;
        let mut used = 0;
        for number in 0..50 {
            let creator = world.user(&format!("creator{number}"), "admin").await;
            let target = world.user(&format!("target{number}"), "user").await;
            let code = link(&world, &creator.username, &target).await;
            let redeeming = {
                let (service, code) = (world.service.clone(), code.clone());
                tokio::spawn(async move { service.set_password_by_link(&code, &Secret::new(OTHER), &origin()).await })
            };
            let disabling = {
                let service = world.service.clone();
                tokio::spawn(async move { service.disable(&Actor::CommandLine, creator.id, &origin()).await })
            };
            let redeemed = redeeming.await.unwrap();
            disabling.await.unwrap().unwrap();
            assert!(redeemed.is_ok() || is_refused(&redeemed), "{redeemed:?}");
            used += usize::from(redeemed.is_ok());
            let works = if redeemed.is_ok() { OTHER } else { PASSWORD };
            assert!(world.try_log_in(&target.username, works).await.is_ok(), "the password changed with the link, or not at all");
            assert!(is_refused(&redeem(&world, &code).await), "afterwards it never works");
        }
        let void = voided(&world).await.len();
        assert_eq!(used + void, 50, "each link was used or voided");
    }

    async fn a_link_for_the_first_administrator_is_void_once_there_is_one(world) {
        let set_up = |link: Secret| {
            let service = world.service.clone();
            async move { service.set_up(&code(&link), &"eve".parse().unwrap(), &Secret::new(PASSWORD), &origin()).await }
        };
        let added = world.service.setup_link().await.unwrap().unwrap();
        let ann = world.user("ann", "user").await;
        world.service.set_role(&Actor::CommandLine, ann.id, "admin", &origin()).await.unwrap();
        assert!(is_refused(&set_up(added).await));
        assert_eq!(voided(&world).await, [(None, "administrator_made".to_owned())]);
        let database = world.database().await;
        database.query("UPDATE portcullis_users SET role = 'user'").execute().await.unwrap();
        let invited = world.service.setup_link().await.unwrap().unwrap();
        let new = NewUser { username: "root".parse().unwrap(), email: None, role: "admin".to_owned() };
        world.service.invite(&Actor::CommandLine, &new, &origin()).await.unwrap();
        assert!(is_refused(&set_up(invited).await));
    }
}
