//! What the names of an external issuer mean here: nothing, unless the application says so.

use portcullis::prelude::*;
use serde_json::{Value, json};

use super::{Pair, me};
use crate::support::Role;

/// A thing belongs to whoever made it.
#[derive(Record)]
struct Thing {
    id: Id,
    owner: Id,
}

impl Resource for Thing {
    const NAME: &'static str = "thing";
    type Key = Id;
    async fn load(id: Id, database: &Database) -> Result<Option<Self>> {
        Ok(database.query("SELECT id, owner FROM things WHERE id = $1").bind(id).fetch_optional().await?)
    }
}

impl Owned for Thing {
    fn owner(&self) -> Id {
        self.owner
    }
}

const TABLES: &[Migration] = &[Migration::both(1, "things", "CREATE TABLE things (id TEXT PRIMARY KEY, owner TEXT NOT NULL)")];

#[get("/administration", access = Role::Admin)]
async fn administration() -> NoContent {
    NoContent
}

#[get("/scoped", access = Scope("things:read"))]
async fn scoped() -> NoContent {
    NoContent
}

/// Says the account and the owner.
#[get("/names", access = Authenticated)]
async fn names(me: Principal) -> Text {
    Text(format!("{:?} {:?} {}", me.id(), me.owner(), me.qualified()).into())
}

#[post("/things", access = Authenticated)]
async fn make(me: Principal, database: Database, clock: Clock) -> Result<Text> {
    let (id, owner) = (Id::new(clock.now()), me.owner().ok_or_else(Problem::forbidden)?);
    database.query("INSERT INTO things (id, owner) VALUES ($1, $2)").bind(id).bind(owner).execute().await?;
    Ok(Text(id.to_string().into()))
}

#[get("/things/{id}", access = Can<Read, Thing>)]
async fn look(thing: Authorized<Read, Thing>) -> Text {
    Text(thing.id.to_string().into())
}

#[get("/things", access = Authenticated)]
async fn list(mine: Scoped<Thing>, database: Database) -> Result<Text> {
    let things = database.query("SELECT id, owner FROM things WHERE owner = $1 ORDER BY id LIMIT 100").bind(mine.owner());
    let things: Vec<Thing> = things.fetch_all().await?;
    Ok(Text(things.iter().map(|thing| thing.id.to_string()).collect::<Vec<_>>().join(" ").into()))
}

fn app() -> App<Role> {
    let app = App::<Role>::new("Service").scope("things:read", "See things").scope("things:write", "Change things");
    app.migrations("things", TABLES).endpoints(endpoints![me, administration, scoped, names, make, look, list])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_of_the_same_name_is_no_role() {
    let Some(pair) = Pair::new(app(), |issuer| issuer).await else { return };
    let token = pair.token(&json!({"roles": ["admin", "manager", "clerk"]}));
    assert_eq!(pair.get("/me", &token).await.text(), "alice ");
    assert_eq!(pair.get("/administration", &token).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_trusted_mapped_role_counts() {
    let mapped = Pair::new(app(), |issuer| {
        issuer.map_role("staff", Role::Clerk).map_role("keycloak-admin", Role::Admin).map_role("lead", Role::Manager)
    });
    let Some(pair) = mapped.await else { return };
    for (roles, role) in [
        (json!([]), ""),
        (json!(["admin", "Staff", "offline_access"]), ""),
        (json!(["staff"]), "clerk"),
        (json!(["lead", "staff"]), "manager"),
        (json!(["staff", "keycloak-admin", "lead"]), "admin"),
        (json!(["admin", "clerk", "lead"]), "manager"),
    ] {
        let answer = pair.get("/me", &pair.token(&json!({"roles": roles}))).await;
        assert_eq!(answer.text(), format!("alice {role}"), "{roles}");
    }
    assert_eq!(pair.status("/administration", &json!({"roles": ["keycloak-admin"]})).await, 204);
    assert_eq!(pair.status("/administration", &json!({"roles": ["lead", "admin"]})).await, 403);
}

/// The statuses of an endpoint that names no scope and of one that names one.
async fn statuses(pair: &Pair, scope: &Value) -> (u16, u16) {
    let claims = if scope.is_null() { json!({}) } else { json!({"scope": scope}) };
    (pair.status("/me", &claims).await, pair.status("/scoped", &claims).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_that_are_not_mapped_neither_lock_nor_open_anything() {
    let Some(pair) = Pair::new(app(), |issuer| issuer).await else { return };
    for scope in [json!(null), json!(""), json!("openid profile"), json!("things:read"), json!("openid things:read")] {
        assert_eq!(statuses(&pair, &scope).await, (200, 403), "{scope}");
    }
    let answer = pair.get("/scoped", &pair.token(&json!({"scope": "things:read"}))).await;
    assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_scope")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mapped_scopes_open_what_names_them() {
    let mapped = |issuer: portcullis::web::authn::RemoteIssuer| issuer.map_scope("read", "things:read").map_scope("write", "things:write");
    let Some(pair) = Pair::new(app(), mapped).await else { return };
    for (scope, scoped) in [
        (json!(null), 403),
        (json!("openid profile"), 403),
        (json!("things:read"), 403),
        (json!("READ"), 403),
        (json!("openid write"), 403),
        (json!("read"), 204),
        (json!("openid read write"), 204),
    ] {
        assert_eq!(statuses(&pair, &scope).await.1, scoped, "{scope}");
    }
    for (scope, unscoped) in [(json!(null), 200), (json!("openid profile"), 200), (json!("openid read"), 403), (json!("write"), 403)] {
        assert_eq!(statuses(&pair, &scope).await.0, unscoped, "{scope}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_are_not_the_applications_own_can_be_made_to_hold_a_scope() {
    let trusting =
        |issuer: portcullis::web::authn::RemoteIssuer| issuer.map_scope("read", "things:read").first_party_client("web").require_scope();
    let Some(pair) = Pair::new(app(), trusting).await else { return };
    for (client, scope, unscoped, scoped) in [
        ("web", "openid", 200, 204),
        ("web", "openid read", 403, 204),
        ("stranger", "openid", 403, 403),
        ("stranger", "", 403, 403),
        ("stranger", "read", 403, 204),
        ("Web", "openid", 403, 403),
    ] {
        let claims = json!({"client_id": client, "scope": scope});
        let statuses = (pair.status("/me", &claims).await, pair.status("/scoped", &claims).await);
        assert_eq!(statuses, (unscoped, scoped), "{client} {scope}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_that_reads_like_an_account_is_not_that_account() {
    let Some(pair) = Pair::new(app(), |issuer| issuer).await else { return };
    let (account, thing) = (Id::new(pair.clock.now()), Id::new(pair.clock.now()));
    let database = pair.service.runtime().database();
    database.query("INSERT INTO things (id, owner) VALUES ($1, $2)").bind(thing).bind(account).execute().await.unwrap();
    let foreign = pair.token(&json!({"sub": account.to_string()}));
    let (issuer, text) = (pair.issuer.0.url.get().unwrap(), pair.get("/names", &foreign).await.text());
    let owner = Id::derived(issuer, &account.to_string());
    assert_eq!(text, format!("None Some({owner}) {issuer}#{account}"));
    assert_eq!(pair.get(&format!("/things/{thing}"), &foreign).await.status, 404);
    assert_eq!(pair.get("/things", &foreign).await.text(), "");
    assert!(pair.service.log().contains(&format!("{issuer}#{account}")), "the log names the issuer");
    // What a subject makes is its own, and nobody else's.
    for subject in [account.to_string(), "alice".to_owned()] {
        let own = pair.token(&json!({"sub": subject}));
        let made = pair.service.anonymous().with_token(&own).post("/things", &json!({})).await.text();
        assert_eq!(pair.get(&format!("/things/{made}"), &own).await.text(), made);
        assert_eq!(pair.get("/things", &own).await.text(), made);
        assert_eq!(pair.get(&format!("/things/{made}"), &pair.token(&json!({"sub": "mallory"}))).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subjects_are_owners_where_the_application_says_so() {
    let Some(pair) = Pair::new(app(), portcullis::web::authn::RemoteIssuer::subjects_are_ids).await else { return };
    let subject = Id::new(pair.clock.now());
    let text = pair.get("/names", &pair.token(&json!({"sub": subject.to_string()}))).await.text();
    assert!(text.starts_with(&format!("None Some({subject}) ")), "{text}");
    for other in ["alice".to_owned(), subject.to_string().to_uppercase(), format!("{subject} ")] {
        assert_eq!(pair.status("/names", &json!({"sub": other})).await, 401, "{other:?}");
    }
}
