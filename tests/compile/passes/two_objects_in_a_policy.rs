//! A policy names one object, and something else beside it.
use portcullis::prelude::*;

/// A book that everyone may read and nobody may change.
struct Book;

impl Resource for Book {
    const NAME: &'static str = "book";
    type Key = Id;

    async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
        Ok(None)
    }
}

impl Permits<Read> for Book {
    fn permits(&self, _: &Principal) -> bool {
        true
    }
}

impl Permits<Change> for Book {
    fn permits(&self, _: &Principal) -> bool {
        false
    }
}

/// Look into a book.
#[get("/books/{id}", access = all(Can<Read, Book>, Scope("books")))]
async fn read_book() -> NoContent {
    NoContent
}

fn main() {}
