//! An administrator's authority is that of the moment when the change takes effect.

use portcullis_accounts::{AccountError, Actor, NewUser};
use portcullis_core::Id;

use crate::support::{World, by, on_every_database, origin};

async fn actor(world: &World, name: &str) -> Actor {
    by(world.who(&world.log_in(name).await.access_token).await.unwrap())
}

fn new_user(name: &str, role: &str) -> NewUser {
    NewUser { username: name.parse().unwrap(), email: None, role: role.to_owned() }
}

/// What each administrative change answers.
async fn every_change(world: &World, actor: &Actor, target: Id, role: &str) -> Vec<Result<(), AccountError>> {
    let (service, from) = (&world.service, origin());
    vec![
        service.invite(actor, &new_user(&format!("new-{role}"), role), &from).await.map(drop),
        service.password_link(actor, target, &from).await.map(drop),
        service.set_role(actor, target, "guest", &from).await.map(drop),
        service.disable(actor, target, &from).await.map(drop),
        service.enable(actor, target, &from).await.map(drop),
    ]
}

fn all_refused(results: &[Result<(), AccountError>]) -> bool {
    results.iter().all(|result| matches!(result, Err(AccountError::RoleTooLow)))
}

on_every_database! {
    async fn an_actor_who_lost_the_authority_after_the_gate_changes_nothing(world) {
        world.user("keeper", "admin").await;
        let ann = world.user("ann", "user").await;
        let before = world.service.user(ann.id).await.unwrap();
        let (service, from, operator) = (&world.service, origin(), Actor::CommandLine);
        for (number, lost) in ["disabled", "demoted", "signed out", "signed out everywhere", "deleted"].into_iter().enumerate() {
            let root = world.user(&format!("root{number}"), "admin").await;
            let grant = world.log_in(&root.username).await;
            let stale = by(world.who(&grant.access_token).await.unwrap());
            match lost {
                "disabled" => drop(service.disable(&operator, root.id, &from).await.unwrap()),
                // Still a role that may manage users, but another one than the gate judged.
                "demoted" => drop(service.set_role(&operator, root.id, "manager", &from).await.unwrap()),
                "signed out" => service.log_out(root.id, grant.session, &from).await.unwrap(),
                "signed out everywhere" => drop(service.log_out_everywhere(root.id, &from).await.unwrap()),
                _ => drop(world.database().await.query("DELETE FROM portcullis_users WHERE id = $1").bind(root.id).execute().await.unwrap()),
            }
            let results = every_change(&world, &stale, ann.id, "user").await;
            assert!(all_refused(&results), "{lost}: {results:?}");
            assert!(matches!(service.rotate_keys(&stale, &from).await, Err(AccountError::RoleTooLow)), "{lost}");
        }
        assert_eq!(service.user(ann.id).await.unwrap(), before);
    }

    async fn a_user_who_was_disabled_after_the_gate_keeps_the_old_address(world) {
        let ann = world.user("ann", "user").await;
        world.service.disable(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        let address = "eve@example.com".parse().unwrap();
        assert!(world.service.change_email(ann.id, Some(&address), &origin()).await.is_err());
        assert_eq!(world.service.user(ann.id).await.unwrap().email.as_deref(), Some("ann@example.com"));
    }

    async fn a_rank_without_every_permission_grants_and_manages_nothing(world) {
        let manny = world.user("manny", "manager").await;
        let audrey = world.user("audrey", "auditor").await;
        let manager = actor(&world, "manny").await;
        let results = every_change(&world, &manager, audrey.id, "auditor").await;
        assert!(all_refused(&results), "a manager cannot read the audit log: {results:?}");
        let (service, from) = (&world.service, origin());
        assert!(matches!(service.set_role(&manager, manny.id, "auditor", &from).await, Err(AccountError::RoleTooLow)), "the own role neither");
        let gus = world.user("gus", "guest").await;
        assert!(matches!(service.set_role(&manager, gus.id, "auditor", &from).await, Err(AccountError::RoleTooLow)));
        assert!(every_change(&world, &manager, gus.id, "user").await.iter().all(Result::is_ok), "what it covers, it manages");
        let keeper = actor(&world, &world.user("keeper", "admin").await.username).await;
        assert!(every_change(&world, &keeper, audrey.id, "auditor").await.iter().all(Result::is_ok));
    }

    async fn the_permissions_of_an_actor_are_those_of_the_present_role(world) {
        let una = world.user("una", "user").await;
        let promoted = actor(&world, "una").await;
        let gus = world.user("gus", "guest").await;
        world.service.set_role(&Actor::CommandLine, una.id, "auditor", &origin()).await.unwrap();
        let audrey = world.user("audrey", "auditor").await;
        let gain = world.service.password_link(&promoted, audrey.id, &origin()).await;
        assert!(gain.is_ok(), "{gain:?}");
        world.service.set_role(&Actor::CommandLine, una.id, "guest", &origin()).await.unwrap();
        assert!(all_refused(&every_change(&world, &promoted, gus.id, "guest").await));
    }

    async fn of_two_administrators_who_disable_each_other_in_parallel_one_stays_fifty_times(world) {
        let names = ["one", "two"];
        let ids = [world.user("one", "admin").await.id, world.user("two", "admin").await.id];
        for _ in 0..50 {
            let actors = [actor(&world, names[0]).await, actor(&world, names[1]).await];
            let gate = std::sync::Arc::new(tokio::sync::Barrier::new(2));
            let disable = |who: usize| {
                let (service, actor, gate) = (world.service.clone(), actors[who].clone(), gate.clone());
                tokio::spawn(async move {
                    gate.wait().await;
                    service.disable(&actor, ids[1 - who], &origin()).await
                })
            };
            let (first, second) = (disable(0), disable(1));
            let results = [first.await.unwrap(), second.await.unwrap()];
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
            assert!(results.iter().any(|result| matches!(result, Err(AccountError::RoleTooLow))), "{results:?}");
            let disabled = ids[usize::from(results[0].is_ok())];
            assert!(world.service.user(disabled).await.unwrap().disabled);
            world.service.enable(&Actor::CommandLine, disabled, &origin()).await.unwrap();
        }
    }

    async fn the_last_administrator_who_can_sign_in_stays(world, |settings: &mut portcullis_accounts::AccountsSettings| {
        settings.longest_delay_seconds = settings.first_delay_seconds;
        settings.failures_before_disabled = settings.failures_before_delay;
    }) {
        let (service, from, operator) = (&world.service, origin(), Actor::CommandLine);
        let root = world.user("root", "admin").await;
        let invited = service.invite(&operator, &new_user("bob", "admin"), &from).await.unwrap();
        let stays = |what: &'static str| {
            let (service, from) = (service.clone(), from.clone());
            async move {
                for left in [service.disable(&Actor::CommandLine, root.id, &from).await, service.set_role(&Actor::CommandLine, root.id, "user", &from).await] {
                    assert!(matches!(left, Err(AccountError::LastAdministrator)), "{what}: {left:?}");
                }
            }
        };
        stays("the other one has not set a password").await;
        let other = world.user("eve", "admin").await;
        for _ in 0..5 {
            assert!(world.try_log_in("eve", "wrong words and more").await.is_err());
        }
        stays("nor can one sign in whose password is disabled until it is reset").await;
        service.disable(&operator, other.id, &from).await.unwrap();
        stays("nor one who is disabled").await;
        service.enable(&operator, other.id, &from).await.unwrap();
        service.disable(&operator, root.id, &from).await.unwrap();
        service.disable(&operator, invited.user.id, &from).await.unwrap();
    }

    async fn an_invited_administrator_may_be_replaced_by_another_invited_one(world) {
        let (service, from, operator) = (&world.service, origin(), Actor::CommandLine);
        let wrong = service.invite(&operator, &new_user("rot", "admin"), &from).await.unwrap();
        assert!(matches!(service.disable(&operator, wrong.user.id, &from).await, Err(AccountError::LastAdministrator)));
        service.invite(&operator, &new_user("root", "admin"), &from).await.unwrap();
        assert!(service.disable(&operator, wrong.user.id, &from).await.unwrap().disabled);
    }
}
