//! A resource has a policy for the action.
use portcullis::prelude::*;

/// A book that everyone may read.
struct Book;

impl Resource for Book {
    const NAME: &'static str = "book";
    type Key = Id;

    async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
        Ok(None)
    }
}

impl Permits<Delete> for Book {
    fn permits(&self, _: &Principal) -> bool {
        true
    }
}

/// Throw a book away.
#[delete("/books/{id}", access = Can<Delete, Book>)]
async fn delete_book() -> NoContent {
    NoContent
}

fn main() {}
