//! An external issuer's role is mapped to a role that isn't one of the application's.
use portcullis::prelude::*;
use portcullis::web::authn::RemoteIssuer;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

#[derive(Role)]
enum Rank {
    Private,
    General,
}

fn app(issuer: RemoteIssuer) -> App<Role> {
    let issuer = issuer.map_role("staff", Rank::General);
    App::<Role>::new("Lights").trust(issuer)
}

fn main() {}
