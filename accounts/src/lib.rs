//! Accounts for Portcullis: users, log-in, tokens, administration.
//!
//! Begin with `service`, which does everything without HTTP; `routes.rs` is the table of contents of what the outside world can call.

extern crate portcullis_web as portcullis;

mod module;
pub use module::{Accounts, WithAccounts};
mod http;
mod permission;
mod registration;
mod routes;
mod scopes;
pub use permission::AccountsPermission;
mod settings;
pub use settings::{AccountsSettings, SettingRefused};
mod schema;
pub use schema::MIGRATIONS;
mod error;
pub use error::AccountError;
mod name;
pub use name::{NotAUsername, Username};
mod keys;
mod secrets;
pub use keys::{KeyRing, KeyView};
mod service;
pub use service::{AccountParts, AccountService, Actor, AuditView, Grant, Invited, NewUser, Origin, UserView};
mod authority;
mod commands;
pub use commands::{AccountsCommand, AddUser, CommandFailed, KeysCommand, Terminal, UserCommand};
