//! The attributes and derives, each with an example.
//!
//! A mistake is an error of the compiler at the word that has to change, and says how to mend it.

/// Makes an endpoint that answers `GET` and `HEAD`.
///
/// The path comes first; `access` says who may pass and is never missing: a role, a permission, [`Authenticated`](crate::prelude::Authenticated),
/// [`Public("why")`](crate::prelude::Public), [`Scope`](crate::prelude::Scope), [`Fresh`](crate::prelude::Fresh),
/// [`Can<Action, Resource>`](crate::prelude::Can), or `all(…)` and `any(…)` of them. `scope = "notes:read"` adds the condition
/// `Scope("notes:read")`: a token that is restricted to scopes passes only where a scope that it holds is named.
///
/// The other words are `without_object = "why"` and `unscoped = "why"`, where an object in the path or a list is nobody's own; `tag`, its
/// group in the documentation; `class`, its class for rate limits; and `body_limit` in bytes.
///
/// ```
/// # use portcullis::prelude::*;
/// #[output]
/// struct WhoAmI {
///     sub: String,
/// }
///
/// /// Say who is asking.
/// #[get("/whoami", access = Authenticated, tag = "account")]
/// async fn whoami(me: Principal) -> Json<WhoAmI> {
///     Json(WhoAmI { sub: me.subject().to_owned() })
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::get;

/// Makes an endpoint that answers `POST`; its words are those of [`get`](macro@get).
///
/// ```
/// # use portcullis::prelude::*;
/// #[input]
/// struct Message {
///     #[check(length(chars, min = 1, max = 500))]
///     text: PlainText,
/// }
///
/// /// Leave a message.
/// #[post("/messages", access = Authenticated, scope = "messages:write", body_limit = 4096)]
/// async fn leave(database: Database, Json(message): Json<Message>) -> Result<NoContent> {
///     database.query("INSERT INTO messages (text) VALUES ($1)").bind(message.text.as_str()).execute().await?;
///     Ok(NoContent)
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::post;

/// Makes an endpoint that answers `PUT`; its words are those of [`get`](macro@get).
///
/// ```
/// # use portcullis::prelude::*;
/// #[input]
/// struct Level {
///     #[check(range(min = 0, max = 100))]
///     percent: u8,
/// }
///
/// /// Dim the lights.
/// #[put("/lights", access = Authenticated)]
/// async fn dim(database: Database, Json(level): Json<Level>) -> Result<NoContent> {
///     database.query("UPDATE lights SET percent = $1").bind(i64::from(level.percent)).execute().await?;
///     Ok(NoContent)
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::put;

/// Makes an endpoint that answers `PATCH`; its words are those of [`get`](macro@get).
///
/// ```
/// # use portcullis::prelude::*;
/// #[input]
/// struct Change {
///     #[check(length(chars, max = 100))]
///     name: Option<String>,
/// }
///
/// /// Change what is named.
/// #[patch("/lights", access = Authenticated)]
/// async fn change(database: Database, Json(change): Json<Change>) -> Result<NoContent> {
///     if let Some(name) = change.name {
///         database.query("UPDATE lights SET name = $1").bind(name).execute().await?;
///     }
///     Ok(NoContent)
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::patch;

/// Makes an endpoint that answers `DELETE`; its words are those of [`get`](macro@get).
///
/// ```
/// # use portcullis::prelude::*;
/// #[input]
/// struct Room {
///     number: u32,
/// }
///
/// /// Clear a room.
/// #[delete("/rooms/{number}", access = Authenticated, without_object = "rooms belong to nobody")]
/// async fn clear(Path(room): Path<Room>, database: Database) -> Result<NoContent> {
///     database.query("DELETE FROM things WHERE room = $1").bind(i64::from(room.number)).execute().await?;
///     Ok(NoContent)
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::delete;

/// Makes a type that may come from outside: parsed, bounded and checked.
///
/// Unknown fields are refused. Every text and list says how much may come, and `#[check(…)]` is both the check and the JSON Schema:
/// `length(chars, min, max)`, `items(min, max)`, `inner(…)` for each item, `range(min, max)`, `pattern("…")`, `email`, `url`,
/// `custom(function)`, and `unbounded = "why"`. Words of serde, such as `rename` and `default`, stand beside them.
///
/// ```
/// # use portcullis::prelude::*;
/// #[input]
/// struct NewNote {
///     #[check(length(chars, min = 1, max = 200))]
///     title: PlainText,
///     #[check(items(max = 20))]
///     #[serde(default)]
///     tags: Vec<Slug>,
///     #[check(range(min = 1, max = 5))]
///     stars: u8,
///     colour: Colour,
/// }
///
/// #[input]
/// enum Colour {
///     Red,
///     Green,
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::input;

/// Makes a type whose values may leave the service; every field is such a type itself.
///
/// ```
/// # use portcullis::prelude::*;
/// #[output]
/// struct NoteView {
///     id: Id,
///     title: String,
///     answers: Vec<Self>,
/// }
/// ```
///
/// Secrets, password hashes and errors of the inside are not:
///
/// ```compile_fail,E0277
/// # use portcullis::prelude::*;
/// #[output]
/// struct KeyView {
///     key: Secret,
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::output;

/// Makes an enum the roles of an application, least to most trusted.
///
/// The name in tokens and in the database is the variant's in snake case, or that of `#[role("…")]`: at most 64 ASCII letters, digits,
/// `_`, `-`, `.` and `:`. No two roles have the same name, whatever its case. `#[grants(…)]` gives permissions; the last role holds all of
/// them.
///
/// ```
/// # use portcullis::prelude::*;
/// #[derive(Clone, Copy, Permission)]
/// #[permission(of = Role)]
/// enum Permission {
///     Publish,
/// }
///
/// #[derive(Role)]
/// enum Role {
///     Reader,
///     #[role("staff")]
///     #[grants(Permission::Publish)]
///     Editor,
///     Admin,
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::Role;

/// Makes an enum the permissions of an application.
///
/// `#[permission(of = Role)]` says whose permissions they are: only an application with these roles can mount an endpoint that names one.
/// The name is the variant's in snake case, or that of `#[permission("…")]`: at most 64 ASCII letters, digits, `_`, `-`, `.` and `:`. The
/// permissions of a reusable module say `#[permission(module = "name")]`, any application may grant them, and their names begin with
/// `name.`.
///
/// ```
/// # use portcullis::prelude::*;
/// # #[derive(Role)]
/// # enum Role { User }
/// #[derive(Clone, Copy, Permission)]
/// #[permission(of = Role)]
/// enum Permission {
///     #[permission("articles.publish")]
///     Publish,
/// }
///
/// /// Publish what is ready.
/// #[post("/articles/publish", access = Permission::Publish)]
/// async fn publish() -> NoContent {
///     NoContent
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::Permission;

/// Makes a value of the application something that handlers ask for by type.
///
/// [`App::provide`](crate::prelude::App::provide) gives it; an application that forgets it doesn't compile. With
/// `#[provider(per_request)]` it is made for each request, by [`PerRequest`](crate::web::extract::PerRequest).
///
/// ```
/// # use portcullis::prelude::*;
/// # #[derive(Role)]
/// # enum Role { User }
/// #[derive(Clone, Provider)]
/// struct Greeting(&'static str);
///
/// /// Say hello.
/// #[get("/hello", access = Role::User)]
/// async fn hello(greeting: Greeting) -> Text {
///     Text(greeting.0.into())
/// }
///
/// let app = App::<Role>::new("Hello").provide(Greeting("Good day")).endpoints(endpoints![hello]);
/// ```
#[doc(inline)]
pub use portcullis_macros::Provider;

/// Makes a struct the record of a query, field by column.
///
/// ```
/// # use portcullis::prelude::*;
/// #[derive(Record)]
/// struct Note {
///     id: Id,
///     title: String,
/// }
///
/// async fn find(database: &Database, id: Id) -> Result<Option<Note>> {
///     Ok(database.query("SELECT id, title FROM notes WHERE id = $1").bind(id).fetch_optional().await?)
/// }
/// ```
#[doc(inline)]
pub use portcullis_macros::Record;
