//! **Portcullis is the secure backend for Rust: every endpoint is shut until its author says who may pass, and the compiler holds them to it.**

pub use portcullis_accounts as accounts;
pub use portcullis_core as core;
pub use portcullis_store as store;
pub use portcullis_web as web;
#[doc(hidden)]
pub use portcullis_web::__private;
pub use portcullis_web::endpoints;

pub mod attributes;
mod command_line;
pub use command_line::Main;
mod command_reference;
mod tools;
pub use tools::{Invocation, Tools};
mod run;
mod standard_error;
pub use run::Failure;

/// Everything that an application usually names.
pub mod prelude {
    pub use std::process::ExitCode;

    pub use portcullis_accounts::{Accounts, WithAccounts};
    pub use portcullis_core::{Clock, Id, Principal, Secret, Timestamp};
    pub use portcullis_store::{Database, Migration};
    pub use portcullis_web::app::{App, Spawner};
    pub use portcullis_web::authz::{
        Authenticated, Authorized, Can, Change, Delete, Fresh, GivesUpAuthority, Owned, Permits, Public, Read, Resource, Scope, Scoped,
    };
    pub use portcullis_web::endpoints;
    pub use portcullis_web::extract::types::{Email, PlainText, RichText, Slug, WebUrl};
    pub use portcullis_web::extract::{Form, Json, PageRequest, Path, Query};
    pub use portcullis_web::respond::{Created, Download, Html, NoContent, Page, Problem, Text};

    pub use crate::Main;
    pub use crate::attributes::{Permission, Provider, Record, Role, delete, get, input, output, patch, post, put};

    /// What a handler returns: an answer, or a problem.
    pub type Result<T, E = Problem> = std::result::Result<T, E>;
}

/// The example of the README is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadMe;
