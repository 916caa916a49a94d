use portcullis_accounts::{AccountError, Actor};
use portcullis_core::Secret;
use portcullis_web::authn::{Authority as _, Credential, Rejection};

use crate::support::{OTHER, PASSWORD, World, on_every_database, origin};

async fn who_by_cookie(world: &World, cookie: &Secret) -> Result<portcullis_core::Principal, Rejection> {
    world.service.verify(Credential::Session(cookie.expose())).await
}

on_every_database! {
    async fn a_log_in_makes_a_principal_with_the_present_role(world) {
        let ann = world.user("ann", "user").await;
        let grant = world.log_in("ann").await;
        assert_eq!((grant.expires_in, grant.scope.as_str()), (1800, ""));
        let principal = world.who(&grant.access_token).await.unwrap();
        assert_eq!((principal.subject(), principal.role()), (ann.id.to_string().as_str(), "user"));
        assert!(!principal.identity().from_cookie);
        world.service.set_role(&Actor::CommandLine, ann.id, "manager", &origin()).await.unwrap();
        assert_eq!(world.who(&grant.access_token).await.unwrap().role(), "manager");
    }

    async fn incident_19_disabling_a_user_stops_everything_at_once(world) {
        let ann = world.user("ann", "user").await;
        let grant = world.log_in("ann").await;
        let cookie = world.service.log_in_browser("ann", &Secret::new(PASSWORD), &origin()).await.unwrap();
        assert!(who_by_cookie(&world, &cookie).await.is_ok());
        let other_process = world.another().await;
        other_process.service.disable(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        assert!(world.who(&grant.access_token).await.is_err());
        assert!(who_by_cookie(&world, &cookie).await.is_err());
        assert!(world.refresh(&grant).await.is_err());
        assert!(world.try_log_in("ann", PASSWORD).await.is_err());
        world.service.enable(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        assert!(world.who(&grant.access_token).await.is_err(), "old sessions stay ended");
        world.log_in("ann").await;
    }

    async fn incident_20_logging_out_ends_the_session_in_every_process(world) {
        let ann = world.user("ann", "user").await;
        let (one, two) = (world.log_in("ann").await, world.log_in("ann").await);
        let other_process = world.another().await;
        world.service.log_out(ann.id, one.session, &origin()).await.unwrap();
        assert!(other_process.who(&one.access_token).await.is_err());
        assert!(other_process.refresh(&one).await.is_err());
        assert!(other_process.who(&two.access_token).await.is_ok());
        assert_eq!(world.service.log_out_everywhere(ann.id, &origin()).await.unwrap(), 1);
        assert!(world.who(&two.access_token).await.is_err());
    }

    async fn nobody_ends_another_user_s_session(world) {
        world.user("ann", "user").await;
        let bob = world.user("bob", "user").await;
        let grant = world.log_in("ann").await;
        world.service.log_out(bob.id, grant.session, &origin()).await.unwrap();
        assert!(world.who(&grant.access_token).await.is_ok());
    }

    async fn a_token_ends_on_the_dot(world) {
        world.user("ann", "user").await;
        let grant = world.log_in("ann").await;
        world.pass(1799);
        assert!(world.who(&grant.access_token).await.is_ok());
        world.pass(1);
        assert!(world.who(&grant.access_token).await.is_err());
    }

    async fn a_browser_session_idles_out_and_ends_after_a_day(world) {
        world.user("ann", "user").await;
        let cookie = world.service.log_in_browser("ann", &Secret::new(PASSWORD), &origin()).await.unwrap();
        for _ in 0..20 {
            world.pass(3599);
            assert!(who_by_cookie(&world, &cookie).await.unwrap().identity().from_cookie);
        }
        world.pass(3600);
        assert!(who_by_cookie(&world, &cookie).await.is_err());
        let cookie = world.service.log_in_browser("ann", &Secret::new(PASSWORD), &origin()).await.unwrap();
        for _ in 0..24 {
            world.pass(3590);
            assert!(who_by_cookie(&world, &cookie).await.is_ok());
        }
        world.pass(300);
        assert!(who_by_cookie(&world, &cookie).await.is_err());
    }

    async fn a_cookie_is_no_bearer_token_and_the_reverse(world) {
        world.user("ann", "user").await;
        let cookie = world.service.log_in_browser("ann", &Secret::new(PASSWORD), &origin()).await.unwrap();
        let grant = world.log_in("ann").await;
        assert!(world.who(&cookie).await.is_err());
        for token in [&grant.access_token, &grant.refresh_token] {
            assert!(who_by_cookie(&world, token).await.is_err());
        }
        assert!(world.who(&grant.refresh_token).await.is_err());
    }

    async fn changing_the_password_needs_the_old_one_and_ends_every_other_session(world) {
        let ann = world.user("ann", "user").await;
        let (mine, other) = (world.log_in("ann").await, world.log_in("ann").await);
        let change = |old: &'static str, new: &'static str| {
            let service = world.service.clone();
            async move { service.change_password(ann.id, &Secret::new(old), &Secret::new(new), None, &origin()).await }
        };
        assert!(matches!(change(OTHER, OTHER).await, Err(AccountError::Credentials(_))));
        assert!(matches!(change(PASSWORD, "123456789987654321").await, Err(AccountError::Password(_))));
        assert!(matches!(change(PASSWORD, "ann@example.com").await, Err(AccountError::Password(_))));
        let new = change(PASSWORD, OTHER).await.unwrap();
        assert!(world.who(&new.access_token).await.is_ok());
        for old in [&mine, &other] {
            assert!(world.who(&old.access_token).await.is_err() && world.refresh(old).await.is_err());
        }
        assert!(world.try_log_in("ann", PASSWORD).await.is_err());
        assert!(world.try_log_in("ann", OTHER).await.is_ok());
        assert!(world.audit_kinds().await.contains(&"authn_password_change_fail".to_owned()));
    }

    async fn what_was_remembered_is_forgotten_when_another_process_takes_it_away(world) {
        let ann = world.user("ann", "user").await;
        let watching = world.another().await;
        let slot = watching.revocations.slot(&ann.id.to_string());
        let before = watching.revocations.stamp(slot);
        watching.service.follow_epoch().await.unwrap();
        assert_eq!(watching.revocations.stamp(slot), before, "nothing happened");
        world.service.disable(&Actor::CommandLine, ann.id, &origin()).await.unwrap();
        watching.service.follow_epoch().await.unwrap();
        assert_ne!(watching.revocations.stamp(slot), before);
    }

    async fn whatever_takes_something_away_forgets_what_this_process_remembers(world) {
        let ann = world.user("ann", "user").await;
        let slot = world.revocations.slot(&ann.id.to_string());
        let (service, from, actor) = (&world.service, origin(), Actor::CommandLine);
        let mut before = world.revocations.stamp(slot);
        let mut forgot = |what: &str| {
            let after = world.revocations.stamp(slot);
            assert_ne!(after, before, "{what}");
            before = after;
        };
        let grant = world.log_in("ann").await;
        service.log_out(ann.id, grant.session, &from).await.unwrap();
        forgot("logging out");
        service.log_out_everywhere(ann.id, &from).await.unwrap();
        forgot("logging out everywhere");
        service.set_role(&actor, ann.id, "guest", &from).await.unwrap();
        forgot("a new role");
        service.disable(&actor, ann.id, &from).await.unwrap();
        forgot("disabling");
        service.enable(&actor, ann.id, &from).await.unwrap();
        forgot("enabling");
        service.change_password(ann.id, &Secret::new(PASSWORD), &Secret::new(OTHER), None, &from).await.unwrap();
        forgot("changing the password");
        service.reset_password(ann.id, &Secret::new(PASSWORD)).await.unwrap();
        forgot("resetting the password");
        let first = world.log_in("ann").await;
        world.refresh(&first).await.unwrap();
        world.pass(11);
        assert!(world.refresh(&first).await.is_err());
        forgot("a refresh token used twice");
        let before = world.revocations.stamp(slot);
        service.follow_epoch().await.unwrap();
        assert_eq!(world.revocations.stamp(slot), before, "its own steps are not taken twice");
    }
}
