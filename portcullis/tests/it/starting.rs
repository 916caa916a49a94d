//! Applications that must not start, because they would trust the wrong people.

use portcullis::core::RoleKind;
use portcullis::prelude::*;
use portcullis::web::app::config::{Environment, Source};
use portcullis::web::authn::RemoteIssuer;
use portcullis::web::observe::LogSink;

use crate::support::{Believer, Role};

#[derive(Clone, Copy, Debug, Role)]
enum Two {
    Guest,
    User,
}

#[derive(Clone, Copy, Debug, Role)]
enum Single {
    Member,
}

#[derive(Clone, Copy, Debug, Role)]
enum Staff {
    Guest,
    #[grants(portcullis::accounts::AccountsPermission::ReadAudit)]
    User,
    Admin,
}

/// What `serve --check` and the start say, which has to be the same.
async fn refusal<R: RoleKind, S>(mut app: App<R, S>, variables: &[(&str, &str)]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let fixed = [("LISTEN", "127.0.0.1:0"), ("MANAGEMENT_LISTEN", "127.0.0.1:0"), ("DATA_DIR", data.as_str())];
    let environment: Environment =
        fixed.iter().chain(variables).map(|(name, value)| (format!("PORTCULLIS_{name}"), (*value).to_owned())).collect();
    let settings = app.settings(&Source { file: None, environment }).unwrap();
    let checked = app.check(&settings).err().map(|error| error.to_string());
    let started = app.start(settings, LogSink::memory()).await.err().map(|error| error.to_string());
    assert_eq!(checked, started);
    if started.is_some() {
        assert!(!folder.path().join("data").exists(), "nothing was made");
    }
    started
}

fn accounts<R: RoleKind>() -> App<R, impl Sized> {
    App::<R>::new("Test").accounts(portcullis_testing::World::accounts())
}

fn issuer() -> RemoteIssuer {
    RemoteIssuer::new("https://id.example.com", "https://service.example", None).unwrap()
}

#[tokio::test]
async fn accounts_and_an_external_issuer_do_not_judge_side_by_side() {
    let refused = refusal(accounts::<Role>().trust(issuer()), &[]).await.unwrap();
    for part in [".accounts()", ".trust()", "one judge"] {
        assert!(refused.contains(part), "{refused}");
    }
    let mapped = issuer().map_role("admin", Role::Admin);
    assert!(refusal(accounts::<Role>().trust(mapped), &[("ACCOUNTS__REGISTRATION", "false")]).await.is_some());
    let twice = refusal(App::<Role>::new("Test").trust(issuer()).trust(issuer()), &[]).await.unwrap();
    assert!(twice.contains("several external issuers"), "{twice}");
    assert_eq!(refusal(App::<Role>::new("Test").trust(issuer()), &[]).await, None);
}

#[tokio::test]
async fn a_scope_is_mapped_to_one_that_the_application_declares() {
    let app = || App::<Role>::new("Test").scope("notes:read", "Read notes");
    assert_eq!(refusal(app().trust(issuer().map_scope("read", "notes:read")), &[]).await, None);
    let refused = refusal(app().trust(issuer().map_scope("read", "notes:raed")), &[]).await.unwrap();
    assert!(refused.contains("`notes:raed`, which nobody declares"), "{refused}");
}

#[tokio::test]
async fn a_module_that_judges_unannounced_is_found_at_the_start() {
    let start = async |app: App<Role, _>| {
        let mut app = app;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let fixed = [("LISTEN", "127.0.0.1:0"), ("MANAGEMENT_LISTEN", "127.0.0.1:0"), ("DATA_DIR", data.as_str())];
        let environment = fixed.iter().map(|(name, value)| (format!("PORTCULLIS_{name}"), (*value).to_owned())).collect();
        let settings = app.settings(&Source { file: None, environment }).unwrap();
        app.start(settings, LogSink::memory()).await.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let refused = start(App::<Role>::new("Test").trust(issuer()).module::<crate::support::Nobody>(Believer)).await;
    assert!(refused.contains("one judge"), "{refused}");
}

#[tokio::test]
async fn whoever_registers_has_no_power() {
    let open: &[(&str, &str)] = &[];
    let closed = &[("ACCOUNTS__REGISTRATION", "false")];
    let named = |role: &'static str| [("ACCOUNTS__REGISTRATION_ROLE", role)];
    let two = refusal(accounts::<Two>(), open).await.unwrap();
    assert!(two.contains("`user`") && two.contains("accounts.registration_role") && two.contains("`guest`"), "{two}");
    let single = refusal(accounts::<Single>(), open).await.unwrap();
    assert!(single.contains("Add a less trusted role") && single.contains("accounts.registration = false"), "{single}");
    let staff = refusal(accounts::<Staff>(), open).await.unwrap();
    assert!(staff.contains("accounts.audit.read"), "{staff}");
    for role in ["admin", "Guest", "nobody", "user"] {
        assert!(refusal(accounts::<Staff>(), &named(role)).await.is_some(), "{role}");
    }
    assert_eq!(refusal(accounts::<Two>(), closed).await, None);
    assert_eq!(refusal(accounts::<Single>(), closed).await, None);
    assert_eq!(refusal(accounts::<Staff>(), closed).await, None);
    assert_eq!(refusal(accounts::<Two>(), &named("guest")).await, None);
    assert_eq!(refusal(accounts::<Role>(), open).await, None);
}
