//! A raw router's policy names an object, and no path parameter names one.
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

fn main() {
    let app = App::<Role>::new("Lights");
    let _ = app.dangerous_mount_axum("/raw", Can::<Read, Book>::guard(), Default::default(), "it is older than this service");
}
