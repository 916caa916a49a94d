//! An object is asked for that is the policy's resource.
use portcullis::prelude::*;

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

mod other {
    use portcullis::prelude::*;
    use portcullis::web::authz::Action;

    /// A book that is open to everyone.
    pub(crate) struct Book;

    impl Resource for Book {
        const NAME: &'static str = "book";
        type Key = Id;

        async fn load(_: Id, _: &Database) -> Result<Option<Self>> {
            Ok(Some(Self))
        }
    }

    impl<A: Action> Permits<A> for Book {
        fn permits(&self, _: &Principal) -> bool {
            true
        }
    }
}

/// Look into a book.
#[get("/books/{id}", access = Can<Read, other::Book>)]
async fn read_book(_book: Authorized<Read, other::Book>) -> NoContent {
    NoContent
}

fn main() {}
