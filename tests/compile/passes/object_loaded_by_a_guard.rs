//! The gate loads the object and asks it.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

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

/// Look into a book.
#[get("/books/{id}", access = Can<Read, Book>)]
async fn read_book(_book: Authorized<Read, Book>) -> NoContent {
    NoContent
}

fn main() {}
