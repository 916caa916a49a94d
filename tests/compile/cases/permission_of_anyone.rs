//! Permissions are tied to no application.
use portcullis::prelude::*;
use portcullis::web::authz::Anyone;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

/// What roles are granted.
#[derive(Permission)]
#[permission(of = Anyone)]
enum May {
    Publish,
}

/// Publish the news.
#[post("/news", access = May::Publish)]
async fn publish() -> NoContent {
    NoContent
}

fn main() {}
