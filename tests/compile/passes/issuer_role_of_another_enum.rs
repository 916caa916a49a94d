//! An external issuer's role is mapped to a role of the application.
use portcullis::prelude::*;
use portcullis::web::authn::RemoteIssuer;

#[derive(Role)]
enum Role {
    User,
    Admin,
}

fn app(issuer: RemoteIssuer) -> App<Role> {
    let issuer = issuer.map_role("staff", Role::Admin);
    App::<Role>::new("Lights").trust(issuer)
}

fn main() {}
