use portcullis_accounts::{Accounts, WithAccounts as _};
use portcullis_core::{RoleEntry, RoleKind};
use portcullis_web::app::App;
use portcullis_web::app::config::Settings;

use crate::support::ROLES;

#[derive(Clone, Copy, Debug)]
struct Role;

impl RoleKind for Role {
    const ROLES: &'static [RoleEntry] = ROLES;
    fn entry(self) -> &'static RoleEntry {
        &ROLES[0]
    }
}

/// The written list: what everyone may call.
const PUBLIC: &[&str] = &[
    "GET /",
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /account/style.css",
    "GET /login",
    "POST /login",
    "GET /set-password",
    "POST /set-password",
    "GET /setup",
    "POST /setup",
    "POST /token",
    "POST /users",
];

#[test]
fn incident_39_every_route_denies_anonymous_callers_unless_it_is_on_the_written_list() {
    let plain = App::<Role>::new("Test").registry(&Settings::default());
    let with_accounts = App::<Role>::new("Test").accounts(Accounts::default()).registry(&Settings::default());
    let own = with_accounts.iter().filter(|endpoint| !plain.iter().any(|other| other.path() == endpoint.path()));
    let open = own.filter(|endpoint| endpoint.guard().access().admits_anonymous());
    let open: Vec<String> = open.map(|endpoint| format!("{} {}", endpoint.verb().as_str(), endpoint.path())).collect();
    assert_eq!(open, PUBLIC);
}

#[test]
fn every_route_that_takes_a_password_or_a_code_is_limited_like_credentials() {
    let app = App::<Role>::new("Test").accounts(Accounts::default());
    for endpoint in app.registry(&Settings::default()) {
        let takes = ["/token", "/users", "/users/me/password", "/login", "/setup", "/set-password"].contains(&endpoint.path());
        let limited = endpoint.class() == portcullis_web::app::Class::Credentials;
        assert_eq!(limited, takes && endpoint.verb() == portcullis_web::app::Verb::Post, "{endpoint:?}");
    }
}

#[test]
fn incident_40_no_answer_in_the_document_has_a_hash_or_a_password() {
    let document = App::<Role>::new("Test").accounts(Accounts::default()).openapi(&Settings::default());
    let outputs = document["paths"].to_string();
    assert!(!outputs.contains("password_hash"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(!operation["responses"].to_string().contains("\"password\""), "{method} {path}");
        }
    }
}
