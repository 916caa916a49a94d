//! Callers whose credential says who they are, so that a test needs no log-in.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use portcullis::core::{Identity, RoleEntry};
use portcullis::prelude::*;
use portcullis::store::Migrations;
use portcullis::web::app::config::{Sections, Settings};
use portcullis::web::app::{Endpoint, Module, StartError, Started, Starting};
use portcullis::web::authn::{Authority, Credential, Rejection};
use portcullis_testing::{Answer, Backend, Caller, TestApp, World};
use reqwest::RequestBuilder;
use serde_json::Value;

/// The roles of the applications under test.
#[derive(Clone, Copy, Debug, Role)]
pub(crate) enum Role {
    Guest,
    #[grants(May::ReadReports)]
    Clerk,
    Manager,
    Admin,
}

/// What roles are granted by name.
#[derive(Clone, Copy, Debug, Permission)]
#[permission(of = Role)]
pub(crate) enum May {
    ReadReports,
    #[permission("reports.write")]
    WriteReports,
}

/// Believes credentials like `alice/clerk/notes+mail/60`: name, role, scopes (`-` for all), seconds since the log-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Believer;

/// What the module provides: nothing of use.
#[derive(Clone, Copy, Debug, Provider)]
pub(crate) struct Nobody;

#[derive(Debug)]
struct Judge {
    clock: Clock,
    roles: &'static [RoleEntry],
}

impl Module for Believer {
    fn migrations(&self) -> Migrations {
        Migrations { module: "believer", steps: &[] }
    }

    fn endpoints(&self, _: &Settings, _: &Sections) -> Vec<&'static Endpoint> {
        Vec::new()
    }

    fn start<'a>(&'a self, starting: &'a Starting) -> Pin<Box<dyn Future<Output = Result<Started, StartError>> + Send + 'a>> {
        let judge = Judge { clock: starting.clock.clone(), roles: starting.roles };
        Box::pin(async { Ok(Started::default().provide(Nobody).authority(Arc::new(judge))) })
    }
}

impl Authority for Judge {
    fn verify<'a>(&'a self, credential: Credential<'a>) -> Pin<Box<dyn Future<Output = Result<Principal, Rejection>> + Send + 'a>> {
        Box::pin(async move {
            let (text, from_cookie) = match credential {
                Credential::Bearer(text) => (text, false),
                Credential::Session(text) => (text, true),
            };
            let mut parts = text.split('/');
            let (Some(name), Some(role)) = (parts.next(), parts.next()) else { return Err(Rejection::Invalid("no name and role")) };
            let mut identity = Identity::new(id_of(name).to_string());
            identity.role = self.roles.iter().find(|own| own.name == role);
            identity.scopes = parts.next().filter(|scopes| *scopes != "-").map(|scopes| scopes.split('+').map(str::to_owned).collect());
            let age = parts.next().and_then(|age| age.parse().ok()).unwrap_or(0);
            identity.authenticated_at = self.clock.now() - std::time::Duration::from_secs(age);
            identity.from_cookie = from_cookie;
            Ok(Principal::new(identity))
        })
    }
}

/// The identifier of the account with this name.
pub(crate) fn id_of(name: &str) -> Id {
    let number = name.bytes().fold(0_u64, |number, byte| (number * 131 + u64::from(byte)) % (1 << 48));
    format!("00000000-0000-7000-8000-{number:012x}").parse().unwrap()
}

/// A new world on SQLite.
pub(crate) fn world() -> Option<World> {
    World::new(Backend::Sqlite)
}

/// A new world behind a trusted proxy at 127.0.0.1: the application speaks plain HTTP, so that a test can write to its socket.
pub(crate) fn behind_proxy(world: World) -> World {
    world.with("TLS__MODE", "behind_proxy").with("PROXY__TRUSTED", "127.0.0.1")
}

pub(crate) async fn start<S>(app: App<Role, S>, world: World) -> TestApp {
    TestApp::start(app, &Arc::new(world)).await
}

/// A caller with a credential such as `alice/clerk`.
pub(crate) fn caller(app: &TestApp, credential: &str) -> Caller {
    app.anonymous().with_token(credential)
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

/// The failing fields of a 422, sorted, as `pointer code`.
pub(crate) fn failures(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{answer:?}");
    let text = |error: &Value, member: &str| error[member].as_str().unwrap().to_owned();
    let json = answer.json();
    let mut errors: Vec<_> =
        json["errors"].as_array().unwrap().iter().map(|error| format!("{} {}", text(error, "pointer"), text(error, "code"))).collect();
    errors.sort();
    errors
}
