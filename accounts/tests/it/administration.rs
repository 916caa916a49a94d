use portcullis_accounts::{AccountError, Actor, NewUser};
use portcullis_core::Secret;

use crate::support::{OTHER, PASSWORD, World, by, on_every_database, origin};

async fn actor(world: &World, name: &str) -> Actor {
    by(world.who(&world.log_in(name).await.access_token).await.unwrap())
}

fn new_user(name: &str, role: &str) -> NewUser {
    NewUser { username: name.parse().unwrap(), email: None, role: role.to_owned() }
}

fn code(link: &Secret) -> String {
    link.expose().split_once("code=").unwrap().1.to_owned()
}

on_every_database! {
    async fn an_invited_user_sets_the_password_once_through_the_link(world) {
        world.user("root", "admin").await;
        let root = actor(&world, "root").await;
        let invited = world.service.invite(&root, &new_user("bob", "user"), &origin()).await.unwrap();
        assert!(!invited.user.has_password);
        assert!(invited.link.expose().starts_with("https://localhost:8443/set-password?code="));
        let code = code(&invited.link);
        let tries: Vec<_> = (0..50).map(|_| {
            let (service, code) = (world.service.clone(), code.clone());
            tokio::spawn(async move { service.set_password_by_link(&code, &Secret::new(PASSWORD), &origin()).await })
        }).collect();
        let mut successes = 0;
        for one in tries {
            successes += usize::from(one.await.unwrap().is_ok());
        }
        assert_eq!(successes, 1);
        world.log_in("bob").await;
    }

    async fn a_new_password_voids_a_link_that_is_still_open(world) {
        let ann = world.user("ann", "user").await;
        let invited = world.service.password_link(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        world.service.change_password(ann.id, &Secret::new(PASSWORD), &Secret::new(OTHER), None, &origin()).await.unwrap();
        let late = world.service.set_password_by_link(&code(&invited.link), &Secret::new(PASSWORD), &origin()).await;
        assert!(matches!(late, Err(AccountError::Grant(_))), "whoever found the link has no way in: {late:?}");
        assert!(world.try_log_in("ann", OTHER).await.is_ok());
        let again = world.service.password_link(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        world.service.reset_password(ann.id, &Secret::new(PASSWORD)).await.unwrap();
        assert!(world.service.set_password_by_link(&code(&again.link), &Secret::new(OTHER), &origin()).await.is_err());
    }

    async fn a_refused_password_leaves_the_link_and_a_new_link_voids_the_old_one(world) {
        world.user("root", "admin").await;
        let root = actor(&world, "root").await;
        let first = world.service.invite(&root, &new_user("bob", "user"), &origin()).await.unwrap();
        let refused = world.service.set_password_by_link(&code(&first.link), &Secret::new("short"), &origin()).await;
        assert!(matches!(refused, Err(AccountError::Password(_))));
        let second = world.service.password_link(&root, first.user.id, &origin()).await.unwrap();
        let void = world.service.set_password_by_link(&code(&first.link), &Secret::new(PASSWORD), &origin()).await;
        assert!(matches!(void, Err(AccountError::Grant(_))));
        world.pass(1801);
        let expired = world.service.set_password_by_link(&code(&second.link), &Secret::new(PASSWORD), &origin()).await;
        assert!(matches!(expired, Err(AccountError::Grant(_))));
    }

    async fn incident_38_a_delegated_administrator_gains_nothing(world) {
        let root = world.user("root", "admin").await;
        let manager = world.user("manny", "manager").await;
        let ann = world.user("ann", "user").await;
        let manny = actor(&world, "manny").await;
        let (service, from) = (&world.service, origin());
        for refused in [
            service.set_role(&manny, manager.id, "admin", &from).await.map(|_| ()),
            service.set_role(&manny, ann.id, "admin", &from).await.map(|_| ()),
            service.set_role(&manny, root.id, "user", &from).await.map(|_| ()),
            service.disable(&manny, root.id, &from).await.map(|_| ()),
            service.password_link(&manny, root.id, &from).await.map(|_| ()),
            service.invite(&manny, &new_user("eve", "admin"), &from).await.map(|_| ()),
        ] {
            assert!(matches!(refused, Err(AccountError::RoleTooLow)), "{refused:?}");
        }
        assert_eq!(service.set_role(&manny, ann.id, "guest", &from).await.unwrap().role, "guest");
        assert!(matches!(service.set_role(&manny, ann.id, "owner", &from).await, Err(AccountError::UnknownRole)));
    }

    async fn of_two_administrators_who_disable_each_other_one_stays(world) {
        let (one, two) = (world.user("one", "admin").await, world.user("two", "admin").await);
        let disable = |id| {
            let service = world.service.clone();
            tokio::spawn(async move { service.disable(&Actor::CommandLine, id, &origin()).await })
        };
        let (first, second) = (disable(one.id), disable(two.id));
        let results = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(results.iter().filter(|result| matches!(result, Err(AccountError::LastAdministrator))).count(), 1);
        let left = if results[0].is_err() { one } else { two };
        let demoted = world.service.set_role(&Actor::CommandLine, left.id, "user", &origin()).await;
        assert!(matches!(demoted, Err(AccountError::LastAdministrator)));
    }

    async fn the_first_administrator_is_made_once(world) {
        let old = world.service.setup_link().await.unwrap().unwrap();
        let link = world.service.setup_link().await.unwrap().unwrap();
        let set_up = |code: String, name: &'static str, password: &'static str| {
            let service = world.service.clone();
            async move { service.set_up(&code, &name.parse().unwrap(), &Secret::new(password), &origin()).await }
        };
        assert!(matches!(set_up(code(&old), "root", PASSWORD).await, Err(AccountError::Grant(_))));
        assert!(matches!(set_up(code(&link), "root", "short").await, Err(AccountError::Password(_))));
        assert_eq!(set_up(code(&link), "root", PASSWORD).await.unwrap().role, "admin");
        assert!(matches!(set_up(code(&link), "eve", OTHER).await, Err(AccountError::Grant(_))));
        assert!(world.service.setup_link().await.unwrap().is_none());
    }

    async fn users_are_listed_in_pages_without_gaps(world) {
        for number in 0..7 {
            world.user(&format!("user{number}"), "user").await;
            world.pass(1);
        }
        let (mut after, mut names) = (None::<String>, Vec::new());
        loop {
            let page = world.service.users(after.as_deref(), 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.to_string());
            names.extend(page.into_iter().map(|user| user.username));
        }
        assert_eq!(names, (0..7).map(|number| format!("user{number}")).collect::<Vec<_>>());
    }

    async fn the_audit_log_cannot_be_changed(world) {
        let ann = world.user("ann", "user").await;
        let database = portcullis_store::Database::connect(&portcullis_store::DatabaseSettings::new(Secret::new(world.url.as_str()))).await.unwrap();
        assert!(database.query("UPDATE portcullis_audit_events SET kind = 'x'").execute().await.is_err());
        assert!(database.query("DELETE FROM portcullis_audit_events").execute().await.is_err());
        let events = world.service.audit(None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind.as_str(), events[0].target.as_deref()), ("user_created", Some(ann.id.to_string().as_str())));
        assert_eq!(events[0].actor.as_deref(), Some("command line"));
        assert!(!format!("{events:?}").contains("ann@"), "no free text of clients");
    }
}
