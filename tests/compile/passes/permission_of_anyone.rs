//! Permissions are those of the application's roles.
use portcullis::prelude::*;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// What roles are granted.
#[derive(Permission)]
#[permission(of = Role)]
enum May {
    Publish,
}

/// Publish the news.
#[post("/news", access = May::Publish)]
async fn publish() -> NoContent {
    NoContent
}

fn main() {}
