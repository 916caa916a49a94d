use portcullis::web::authz::{Action, Authorized, Resource};

/// An object as the gate hands it to a handler, without asking the object's policy: for unit tests that call a handler themselves.
///
/// ```
/// # use portcullis::prelude::*;
/// # struct Note { title: &'static str }
/// # impl Resource for Note {
/// #     const NAME: &'static str = "note";
/// #     type Key = Id;
/// #     async fn load(_: Id, _: &Database) -> Result<Option<Self>> { Ok(None) }
/// # }
/// # impl Permits<Read> for Note { fn permits(&self, _: &Principal) -> bool { true } }
/// #[get("/notes/{id}", access = Can<Read, Note>)]
/// async fn read_note(note: Authorized<Read, Note>) -> Text {
///     Text(note.title.into())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let note = portcullis_testing::authorized(Note { title: "A title" });
/// assert_eq!(read_note(note).await.0, "A title");
/// # });
/// ```
#[must_use]
pub const fn authorized<A: Action, R: Resource>(object: R) -> Authorized<A, R> {
    portcullis::__private::authorized(object)
}
