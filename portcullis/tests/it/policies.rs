//! Who may pass: every kind of policy, as data and as answers.

use std::path::Path as FilePath;
use std::time::Duration;

use http::Method;
use portcullis::prelude::*;
use portcullis::web::app::config::{Environment, Source};
use portcullis_testing::{Answer, TestApp, World, check_matrix, check_scopes, check_uniform};

use crate::raw::exchange;
use crate::support::{Believer, May, Role, behind_proxy, caller, id_of, start, world};

/// A paper belongs to its author.
#[derive(Record)]
struct Paper {
    owner: Id,
}

impl Resource for Paper {
    const NAME: &'static str = "paper";
    type Key = Id;
    async fn load(id: Id, database: &Database) -> Result<Option<Self>> {
        Ok(database.query("SELECT owner FROM papers WHERE id = $1").bind(id).fetch_optional().await?)
    }
}

impl Owned for Paper {
    fn owner(&self) -> Id {
        self.owner
    }
}

/// A memo is read by its addressee and by managers, and thrown away by managers only.
#[derive(Record)]
struct Memo {
    owner: Id,
}

impl Resource for Memo {
    const NAME: &'static str = "memo";
    const PARAM: &'static str = "memo";
    type Key = Id;
    async fn load(id: Id, database: &Database) -> Result<Option<Self>> {
        Ok(database.query("SELECT owner FROM papers WHERE id = $1").bind(id).fetch_optional().await?)
    }
}

impl Permits<Read> for Memo {
    fn permits(&self, caller: &Principal) -> bool {
        caller.id() == Some(self.owner) || caller.is_at_least(Role::Manager)
    }
}

impl Permits<Delete> for Memo {
    fn permits(&self, caller: &Principal) -> bool {
        caller.is_at_least(Role::Manager)
    }
}

#[input]
struct Text {
    #[check(length(chars, max = 10))]
    text: PlainText,
}

macro_rules! passes {
    ($($(#[$attribute:meta])* $name:ident;)*) => {$(
        $(#[$attribute])*
        async fn $name() -> NoContent {
            NoContent
        }
    )*};
}

passes! {
    #[get("/open", access = Public("a test"))] open;
    #[get("/signed-in", access = Authenticated)] signed_in;
    #[get("/guest", access = Role::Guest)] guest;
    #[get("/clerk", access = Role::Clerk)] clerk;
    #[get("/admin", access = Role::Admin)] admin;
    #[get("/reports", access = May::ReadReports)] reports;
    #[get("/reports/new", access = May::WriteReports)] new_report;
    #[get("/scope", access = Scope("notes"))] scope;
    #[get("/fresh", access = Fresh::minutes(5))] fresh;
    #[get("/all", access = all(Role::Clerk, Scope("notes")))] every;
    #[get("/any", access = any(Role::Admin, May::ReadReports))] some;
    #[get("/nested", access = all(any(Role::Admin, May::ReadReports), Fresh::minutes(5)))] nested;
    #[get("/scoped", access = any(Role::Admin, May::ReadReports), scope = "notes")] scoped;
    #[get("/any/scoped", access = any(Role::Admin, all(Role::Clerk, Scope("mail"))))] some_scoped;
    #[get("/logged-out", access = GivesUpAuthority("a test"))] logged_out;
}

/// Say what a page for everyone sees of its reader.
#[get("/reader", access = Public("a test"))]
async fn reader(me: Option<Principal>) -> Text2 {
    Text2(me.map_or("nobody", |me| me.role()).into())
}

#[get("/papers/{id}", access = Can<Read, Paper>)]
async fn read_paper(paper: Authorized<Read, Paper>) -> Text2 {
    Text2(paper.owner.to_string().into())
}

#[put("/papers/{id}", access = all(Can<Change, Paper>, Fresh::minutes(5)))]
async fn change_paper(_paper: Authorized<Change, Paper>) -> NoContent {
    NoContent
}

#[delete("/papers/{id}", access = any(Role::Admin, Can<Delete, Paper>))]
async fn delete_paper(_paper: Authorized<Delete, Paper>) -> NoContent {
    NoContent
}

#[get("/memos/{memo}", access = Can<Read, Memo>)]
async fn read_memo(_memo: Authorized<Read, Memo>) -> NoContent {
    NoContent
}

#[delete("/memos/{memo}", access = all(Can<Delete, Memo>, May::ReadReports))]
async fn delete_memo(_memo: Authorized<Delete, Memo>) -> NoContent {
    NoContent
}

/// The policy needs the object although the handler doesn't.
#[get("/memos/{memo}/exists", access = Can<Read, Memo>)]
async fn memo_exists() -> NoContent {
    NoContent
}

#[post("/texts", access = Role::Admin)]
async fn post_text(Json(text): Json<Text>) -> Text2 {
    Text2(String::from(text.text).into())
}

use portcullis::prelude::Text as Text2;

const MIGRATIONS: &[Migration] = &[Migration::both(1, "papers", "CREATE TABLE papers (id TEXT PRIMARY KEY, owner TEXT NOT NULL)")];

fn application() -> App<Role, impl Sized> {
    let app = App::new("Policies").scope("notes", "Read notes").scope("mail", "Read mail");
    app.module::<crate::support::Nobody>(Believer).migrations("papers", MIGRATIONS).endpoints(endpoints![
        scoped,
        some_scoped,
        logged_out,
        reader,
        open,
        signed_in,
        guest,
        clerk,
        admin,
        reports,
        new_report,
        scope,
        fresh,
        every,
        some,
        nested,
        read_paper,
        change_paper,
        delete_paper,
        read_memo,
        delete_memo,
        memo_exists,
        post_text
    ])
}

async fn policies(world: World) -> TestApp {
    start(application(), world).await
}

on_both!(policies =>
    an_object_is_its_owners
    a_resource_decides_by_its_own_rule_for_each_action
    an_object_is_asked_last
    every_cell_of_the_matrix_holds
);

on_one!(policies =>
    every_policy_answers_by_the_table
    a_bad_credential_is_refused_even_where_none_is_needed
    a_token_with_scopes_passes_where_one_of_them_is_named
    a_page_for_everyone_takes_a_restricted_token_for_nobody
);

/// A paper of this owner.
async fn write(app: &TestApp, owner: &str) -> Id {
    let id = Id::new(app.runtime().clock().now());
    let insert = app.runtime().database().query("INSERT INTO papers (id, owner) VALUES ($1, $2)");
    insert.bind(id).bind(id_of(owner)).execute().await.unwrap();
    id
}

async fn every_policy_answers_by_the_table(app: TestApp) {
    let callers = ["", "gus/guest", "cleo/clerk", "mia/manager", "root/admin", "eve/emperor"];
    let table: [(&str, [u16; 6]); 12] = [
        ("/open", [204, 204, 204, 204, 204, 204]),
        ("/signed-in", [401, 204, 204, 204, 204, 204]),
        // An unknown role is no role.
        ("/guest", [401, 204, 204, 204, 204, 403]),
        ("/clerk", [401, 403, 204, 204, 204, 403]),
        ("/admin", [401, 403, 403, 403, 204, 403]),
        // Permissions are granted by name, not by order; the top role holds them all.
        ("/reports", [401, 403, 204, 403, 204, 403]),
        ("/reports/new", [401, 403, 403, 403, 204, 403]),
        ("/scope", [401, 204, 204, 204, 204, 204]),
        ("/fresh", [401, 204, 204, 204, 204, 204]),
        ("/all", [401, 403, 204, 204, 204, 403]),
        ("/any", [401, 403, 204, 403, 204, 403]),
        ("/nested", [401, 403, 204, 403, 204, 403]),
    ];
    for (path, statuses) in table {
        for (who, status) in callers.iter().zip(statuses) {
            let caller = if who.is_empty() { app.anonymous() } else { caller(&app, who) };
            let answer = caller.get(path).await;
            assert_eq!(answer.status, status, "{path} as {who}: {answer:?}");
            check_uniform(&answer);
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge.is_some(), status == 401, "{path} as {who}: {challenge:?}");
        }
    }
    let restricted = ["/scope", "/all"];
    for path in restricted {
        assert_eq!(caller(&app, "cleo/clerk/mail+notes").get(path).await.status, 204);
        let answer = caller(&app, "cleo/clerk/mail+notesx").get(path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (403, &"insufficient_scope".into()));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"notes\""));
        check_uniform(&answer);
    }
}

async fn a_token_with_scopes_passes_where_one_of_them_is_named(app: TestApp) {
    let callers =
        ["cleo/clerk/notes", "cleo/clerk/mail", "root/admin/notes", "root/admin/mail", "root/admin/notes+mail", "root/admin/other"];
    let table: [(&str, [u16; 6]); 11] = [
        ("/open", [204, 204, 204, 204, 204, 204]),
        ("/logged-out", [204, 204, 204, 204, 204, 204]),
        ("/signed-in", [403, 403, 403, 403, 403, 403]),
        ("/clerk", [403, 403, 403, 403, 403, 403]),
        ("/reports", [403, 403, 403, 403, 403, 403]),
        ("/fresh", [403, 403, 403, 403, 403, 403]),
        ("/any", [403, 403, 403, 403, 403, 403]),
        ("/scope", [204, 403, 204, 403, 204, 403]),
        ("/all", [204, 403, 204, 403, 204, 403]),
        ("/scoped", [204, 403, 204, 403, 204, 403]),
        ("/any/scoped", [403, 204, 403, 204, 204, 403]),
    ];
    for (path, statuses) in table {
        for (who, status) in callers.iter().zip(statuses) {
            let answer = caller(&app, who).get(path).await;
            assert_eq!(answer.status, status, "{path} as {who}: {answer:?}");
            check_uniform(&answer);
            if status == 403 {
                assert_eq!(answer.json()["code"], "insufficient_scope", "{path} as {who}");
                assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer realm=\"api\", error=\"insufficient_scope\""));
            }
        }
    }
    let missing = "/papers/01a20b76-fbe2-78ee-a610-85dc4692c438";
    for path in [missing, &format!("/papers/{}", write(&app, "cleo").await)] {
        let answer = caller(&app, "cleo/clerk/notes").get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &"insufficient_scope".into()),
            "{path}: nothing is said about the object"
        );
    }
}

async fn a_page_for_everyone_takes_a_restricted_token_for_nobody(app: TestApp) {
    for (who, seen) in [("cleo/clerk", "clerk"), ("root/admin/-", "admin"), ("root/admin/notes", "nobody"), ("root/admin/x+y", "nobody")] {
        assert_eq!(caller(&app, who).get("/reader").await.text(), seen, "{who}");
    }
    assert_eq!(app.anonymous().get("/reader").await.text(), "nobody");
}

async fn a_bad_credential_is_refused_even_where_none_is_needed(app: TestApp) {
    for path in ["/open", "/signed-in"] {
        let answer = caller(&app, "nonsense").get(path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &"invalid_token".into()), "{path}");
        check_uniform(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_names_an_undeclared_scope_stops_the_start_and_the_check() {
    let Some(world) = world() else { return };
    let app = || App::<Role>::new("Undeclared").scope("mail", "Read mail").endpoints(endpoints![scope]);
    let refusal = "the policy of GET /scope names the scope `notes`, which nobody declares: add `.scope(\"notes\", \"what it allows\")`";
    let mut checked = app();
    let settings = checked.settings(&Source { file: None, environment: Environment::from_iter([]) }).unwrap();
    assert_eq!(checked.check(&settings).unwrap_err().to_string(), refusal);
    assert_eq!(checked.unnamed_scopes(&settings), ["mail"]);
    let mended = checked.scope("notes", "Read notes");
    assert!(mended.check(&settings).is_ok());
    let panic = tokio::spawn(async move { start(app(), world).await }).await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("the policy of GET /scope names the scope `notes`, which nobody declares"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undeclared_scope_of_a_raw_router_stops_the_start() {
    let Some(world) = world() else { return };
    let guard = Role::Clerk.guard().with_scope("old");
    let app = App::<Role>::new("Undeclared").dangerous_mount_axum("/old", guard, axum::Router::new(), "a test");
    let panic = tokio::spawn(async move { start(app, world).await }).await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("the policy of the raw router at /old names the scope `old`"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freshness_runs_out_on_the_second() {
    let Some(world) = world() else { return };
    let (clock, hand) = Clock::manual(Clock::system().now());
    let app = policies(world.clock(clock)).await;
    let cleo = caller(&app, "cleo/clerk/-/60");
    assert_eq!(cleo.get("/fresh").await.status, 204);
    hand.advance(Duration::from_secs(240));
    assert_eq!(cleo.get("/fresh").await.status, 204);
    hand.advance(Duration::from_secs(1));
    for path in ["/fresh", "/nested"] {
        let answer = cleo.get(path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &"insufficient_user_authentication".into()), "{path}");
        let challenge = "Bearer realm=\"api\", error=\"insufficient_user_authentication\", max_age=\"300\"";
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
        check_uniform(&answer);
    }
    assert_eq!(caller(&app, "mia/manager/-/301").get("/nested").await.status, 401, "sign in again comes before may not");
    assert_eq!(cleo.get("/clerk").await.status, 204, "only what asks for it");
}

async fn an_object_is_its_owners(app: TestApp) {
    let paper = write(&app, "alice").await;
    let path = format!("/papers/{paper}");
    let own = caller(&app, "alice/guest").get(&path).await;
    assert_eq!((own.status, own.text()), (200, id_of("alice").to_string()));
    for who in ["bob/guest", "root/admin", "eve/emperor"] {
        let (foreign, missing) =
            (caller(&app, who).get(&path).await, caller(&app, who).get("/papers/01a20b76-fbe2-78ee-a610-85dc4692c438").await);
        assert_eq!((foreign.status, missing.status), (404, 404), "{who}");
        let public = |answer: &Answer| (answer.json()["code"].clone(), answer.json()["detail"].clone(), answer.body.len());
        assert_eq!(public(&foreign), public(&missing), "{who}");
        check_uniform(&foreign);
    }
    assert_eq!(app.anonymous().get(&path).await.status, 401);
    for key in ["1", "alice", "%00", "01A20B76-FBE2-78EE-A610-85DC4692C438"] {
        assert_eq!(caller(&app, "alice/guest").get(&format!("/papers/{key}")).await.status, 404, "{key}");
    }
}

async fn a_resource_decides_by_its_own_rule_for_each_action(app: TestApp) {
    let path = format!("/memos/{}", write(&app, "alice").await);
    let ask = async |who: &str, method: Method, path: &str| caller(&app, who).send(method, path).await.status;
    for (who, reads, deletes) in
        [("alice/guest", 204, 403), ("bob/guest", 404, 403), ("cleo/clerk", 404, 404), ("mia/manager", 204, 403), ("root/admin", 204, 204)]
    {
        assert_eq!(ask(who, Method::GET, &path).await, reads, "{who}");
        assert_eq!(ask(who, Method::GET, &format!("{path}/exists")).await, reads, "{who}: the policy loads, not the argument");
        assert_eq!(ask(who, Method::DELETE, &path).await, deletes, "{who}");
    }
}

async fn an_object_is_asked_last(app: TestApp) {
    let path = format!("/papers/{}", write(&app, "alice").await);
    let ask = async |who: &str, method: Method| caller(&app, who).send(method, &path).await.status;
    assert_eq!(ask("alice/guest", Method::PUT).await, 204);
    assert_eq!(ask("alice/guest/-/301", Method::PUT).await, 401, "hers, but the log-in is too old");
    assert_eq!(ask("bob/guest/-/301", Method::PUT).await, 401, "nothing is said about the object");
    assert_eq!(ask("bob/guest", Method::PUT).await, 404);
    assert_eq!(ask("alice/guest", Method::DELETE).await, 204);
    assert_eq!(ask("bob/guest", Method::DELETE).await, 404);
    assert_eq!(ask("root/admin", Method::DELETE).await, 204, "an administrator, by the other half of the policy");
    let missing = "/papers/01a20b76-fbe2-78ee-a610-85dc4692c438";
    assert_eq!(caller(&app, "root/admin").delete(missing).await.status, 404, "what isn't there is nobody's");
}

async fn every_cell_of_the_matrix_holds(app: TestApp) {
    let golden = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/policies.golden");
    let (guest, clerk) = (caller(&app, "gus/guest"), caller(&app, "cleo/clerk"));
    let (manager, admin) = (caller(&app, "mia/manager"), caller(&app, "root/admin"));
    let callers = [("anonymous", &app.anonymous()), ("guest", &guest), ("clerk", &clerk), ("manager", &manager), ("admin", &admin)];
    check_matrix(&app, &golden, &callers, &[]).await;
    let (notes, mail) = (caller(&app, "root/admin/notes"), caller(&app, "root/admin/mail"));
    let both = caller(&app, "root/admin/mail+notes");
    check_scopes(&app, &[("notes", &notes), ("mail", &mail), ("mail notes", &both)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_runs_before_the_body_is_read() {
    let Some(world) = world() else { return };
    let app = policies(behind_proxy(world)).await;
    // Ten megabytes are announced and none is sent: whoever waited for one would wait for ever.
    for (credential, status) in
        [("", "401"), ("authorization: Bearer gus/guest\r\n", "403"), ("authorization: Bearer root/admin\r\n", "413")]
    {
        for expect in ["", "expect: 100-continue\r\n"] {
            let head = format!(
                "POST /texts HTTP/1.1\r\nhost: localhost\r\n{credential}{expect}content-type: application/json\r\ncontent-length: 10485760\r\n\r\n"
            );
            let answer = exchange(app.address(), &head, "\r\n\r\n").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{credential}{expect}: {answer}");
        }
    }
    // Nor is a broken body looked at by anybody but the caller who may.
    for (who, status) in [("gus/guest", 403), ("root/admin", 400)] {
        let answer = caller(&app, who).raw(Method::POST, "/texts", "application/json", b"{".to_vec()).await;
        assert_eq!(answer.status, status, "{who}");
    }
    assert_eq!(app.anonymous().get("/open").await.status, 204, "the service goes on");
}
