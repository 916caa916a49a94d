//! What the compiler can't see is checked at start: endpoints of modules and those made by hand.

use std::future::Future;
use std::pin::Pin;

use portcullis::core::{RoleEntry, RoleKind};
use portcullis::prelude::*;
use portcullis::store::Migrations;
use portcullis::web::app::config::{Sections, Settings};
use portcullis::web::app::{CallFuture, Endpoint, Module, Registered, StartError, Started, Starting, Verb};
use portcullis::web::authz::Action;
use portcullis::web::extract::{Argument, Call, Foreign, Reason, specify};
use portcullis::web::respond::Answer;

use crate::support::{Nobody, Role};

mod other {
    use super::*;

    #[derive(Role)]
    pub(crate) enum Rights {
        Nobody,
        Everybody,
    }

    #[derive(Permission)]
    #[permission(of = Role)]
    pub(crate) enum May {
        #[permission("Reports.Write")]
        Write,
    }
}

macro_rules! book {
    ($name:ident) => {
        struct $name;
        impl Resource for $name {
            const NAME: &'static str = "book";
            type Key = Id;
            async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
                Ok(None)
            }
        }
        impl<A: Action> Permits<A> for $name {
            fn permits(&self, _: &Principal) -> bool {
                A::NAME == "delete"
            }
        }
    };
}
book!(Book);
book!(Booklet);

/// The same name as [`Delete`], and another action.
struct Remove;

impl Action for Remove {
    const NAME: &'static str = "delete";
}

#[get("/rights", access = other::Rights::Nobody)]
async fn foreign_role() -> NoContent {
    NoContent
}

#[get("/reports", access = crate::support::May::WriteReports)]
async fn reports() -> NoContent {
    NoContent
}

#[get("/more-reports", access = other::May::Write)]
async fn more_reports() -> NoContent {
    NoContent
}

#[delete("/books/{id}", access = Can<Delete, Book>)]
async fn delete_book(_book: Authorized<Delete, Book>) -> NoContent {
    NoContent
}

#[delete("/removed/{id}", access = Can<Remove, Book>)]
async fn remove_book(_book: Authorized<Remove, Book>) -> NoContent {
    NoContent
}

#[delete("/booklets/{id}", access = Can<Delete, Booklet>)]
async fn delete_booklet(_book: Authorized<Delete, Booklet>) -> NoContent {
    NoContent
}

fn nothing(_: Call) -> CallFuture {
    Box::pin(async { NoContent.into_answer() })
}

/// An endpoint by hand that takes a `T` under the policy `Can<Remove, Book>`.
fn by_hand<T: Argument>() -> &'static Endpoint {
    let arguments = Box::leak(Box::new([specify::<T>()]));
    let builder = Endpoint::builder(Verb::Delete, "/by-hand/{id}", "by_hand").access(Can::<Remove, Book>::guard());
    Box::leak(Box::new(builder.dangerous_handler(arguments, NoContent::describe, nothing, "a test").build()))
}

/// A module with these endpoints: nothing checks their types when they are mounted.
struct Unchecked(Vec<&'static Endpoint>);

impl Module for Unchecked {
    fn migrations(&self) -> Migrations {
        Migrations { module: "unchecked", steps: &[] }
    }

    fn endpoints(&self, _: &Settings, _: &Sections) -> Vec<&'static Endpoint> {
        self.0.clone()
    }

    fn start<'a>(&'a self, _: &'a Starting) -> Pin<Box<dyn Future<Output = Result<Started, StartError>> + Send + 'a>> {
        Box::pin(async { Ok(Started::default()) })
    }
}

fn refusal<R: RoleKind>(endpoints: &[&'static Endpoint]) -> String {
    let app = App::<R>::new("Unchecked").module::<Nobody>(Unchecked(endpoints.to_vec()));
    app.check(&Settings::default()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn endpoints_of_the_application_start() {
    assert_eq!(refusal::<Role>(&[reports::ENDPOINT, delete_book::ENDPOINT]), "");
    assert_eq!(refusal::<Role>(&[by_hand::<Authorized<Remove, Book>>()]), "");
    assert_eq!(refusal::<other::Rights>(&[foreign_role::ENDPOINT]), "");
}

#[test]
fn a_policy_of_another_application_stops_the_start() {
    let text = refusal::<Role>(&[foreign_role::ENDPOINT]);
    assert!(text.starts_with("GET /rights: the policy names a role or a permission of "), "{text}");
    assert!(text.contains("other::Rights, but the application's roles are ") && text.ends_with("support::Role"), "{text}");
    assert!(refusal::<other::Rights>(&[reports::ENDPOINT]).starts_with("GET /reports: "), "a permission as well");
}

#[test]
fn the_check_finds_a_raw_router_without_a_reason() {
    let checked = |reason: &'static str| {
        let app = App::<Role>::new("Raw").dangerous_mount_axum("/old", Role::Admin.guard(), axum::Router::new(), reason);
        app.check(&Settings::default()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(checked("it is older than this service"), "");
    assert_eq!(checked(" - "), "the raw axum router at /old has no reason: say why it has to be one");
}

#[test]
fn paths_that_are_taken_twice_are_found_by_the_check() {
    assert!(refusal::<Role>(&[reports::ENDPOINT, reports::ENDPOINT]).contains("/reports"));
}

#[test]
fn an_object_of_another_type_stops_the_start() {
    for endpoint in [by_hand::<Authorized<Delete, Book>>(), by_hand::<Authorized<Remove, Booklet>>()] {
        let text = refusal::<Role>(&[endpoint]);
        assert_eq!(text, "DELETE /by-hand/{id}: the handler takes an object of another type than its policy decides on");
    }
}

#[test]
fn a_name_that_two_types_share_stops_the_start() {
    for (endpoints, what, types) in [
        ([delete_book::ENDPOINT, remove_book::ENDPOINT], "action name `delete`", ["Delete", "consistency::Remove"]),
        ([delete_book::ENDPOINT, delete_booklet::ENDPOINT], "resource name `book`", ["consistency::Book", "consistency::Booklet"]),
        ([reports::ENDPOINT, more_reports::ENDPOINT], "permission name `reports.write`", ["support::May", "other::May"]),
    ] {
        let text = refusal::<Role>(&endpoints);
        assert!(text.starts_with("two types have the ") && text.to_lowercase().contains(what), "{text}");
        assert!(types.iter().all(|name| text.contains(name)), "{text}");
    }
}

#[test]
fn a_raw_router_is_checked_like_an_endpoint() {
    let refusal = |guard, reason| {
        let app = App::<Role>::new("Raw").dangerous_mount_axum("/raw", guard, axum::Router::new(), reason);
        app.check(&Settings::default()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(refusal(Public("a webhook").guard(), "a test"), "");
    assert!(refusal(Public("\u{200b}").guard(), "a test").starts_with("the raw router at /raw: say why"));
    assert!(refusal(Public("a webhook").guard().or(Authenticated.guard()), "a test").contains("`Public` stands alone"));
}

struct Legacy;

impl Reason for Legacy {
    const REASON: &'static str = "clients of the first version expect it";
}

#[input]
struct Draft {
    #[check(unbounded = "drafts are cut elsewhere")]
    text: String,
}

#[post("/legacy", access = Authenticated)]
async fn legacy(_method: Foreign<http::Method, Legacy>, Json(draft): Json<Draft>) -> Foreign<String, Legacy> {
    Foreign::new(draft.text)
}

#[test]
fn the_matrix_shows_every_way_past_the_types() {
    let app = App::<Role>::new("Escapes").module::<Nobody>(Unchecked(vec![by_hand::<Authorized<Remove, Book>>()]));
    let app = app.endpoints(endpoints![legacy]);
    let matrix = app.matrix(&Settings::default());
    let row = |path: &str| matrix.lines().find(|line| line.contains(path)).unwrap().to_owned();
    let reason = "unchecked: clients of the first version expect it";
    assert!(row("/legacy").ends_with(&format!("signed in; {reason}; {reason}")), "the argument and the answer: {matrix}");
    assert!(row("/by-hand").ends_with("delete on book; by hand: a test"), "{matrix}");
    let document = app.openapi(&Settings::default());
    assert_eq!(document["components"]["schemas"]["Draft"]["properties"]["text"]["x-unbounded"], "drafts are cut elsewhere");
}

/// Roles that were written by hand.
struct Twins;

impl RoleKind for Twins {
    const ROLES: &'static [RoleEntry] = &[
        RoleEntry { name: "user", rank: 0, permissions: &[], top: false },
        RoleEntry { name: "User", rank: 1, permissions: &["everything"], top: true },
    ];
    fn entry(self) -> &'static RoleEntry {
        &Self::ROLES[0]
    }
}

#[test]
fn roles_of_the_same_name_stop_the_start() {
    assert_eq!(refusal::<Twins>(&[]), "two roles are named `User`");
}
