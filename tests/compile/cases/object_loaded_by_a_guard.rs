//! A guard is asked for what loads its object, to get it without its word.
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
#[get("/book", access = Public("a page"))]
async fn read_book(database: Database) -> Result<NoContent> {
    if let Some(object) = Can::<Read, Book>::guard().erase().object() {
        let _: Option<_> = (object.load)(&database, "any", None).await?;
    }
    Ok(NoContent)
}

fn main() {}
