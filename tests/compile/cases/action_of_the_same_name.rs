//! An object is asked for that is authorized for another action of the same name.
use portcullis::prelude::*;
use portcullis::web::authz::Action;

/// A book that everyone may read and nobody may throw away.
struct Book;

impl Resource for Book {
    const NAME: &'static str = "book";
    type Key = Id;

    async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
        Ok(Some(Self))
    }
}

impl Permits<Read> for Book {
    fn permits(&self, _: &Principal) -> bool {
        true
    }
}

impl Permits<Delete> for Book {
    fn permits(&self, _: &Principal) -> bool {
        false
    }
}

/// An action of the application's own.
struct Remove;

impl Action for Remove {
    const NAME: &'static str = "delete";
}

impl Permits<Remove> for Book {
    fn permits(&self, _: &Principal) -> bool {
        true
    }
}

/// Throw a book away.
#[delete("/books/{id}", access = Can<Remove, Book>)]
async fn delete_book(_book: Authorized<Delete, Book>) -> NoContent {
    NoContent
}

fn main() {}
