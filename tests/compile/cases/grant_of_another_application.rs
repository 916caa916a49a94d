//! A role is granted a permission of another application.
use portcullis::prelude::*;

mod other {
    use portcullis::prelude::*;

    #[derive(Role)]
    pub(crate) enum Rights {
        Nobody,
        Everybody,
    }

    #[derive(Permission)]
    #[permission(of = Rights)]
    pub(crate) enum Permission {
        Switch,
    }
}

#[derive(Role)]
enum Role {
    #[grants(other::Permission::Switch)]
    User,
    Admin,
}

fn main() {}
