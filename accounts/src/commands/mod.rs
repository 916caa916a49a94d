//! The commands of accounts, for an application's own binary and for `portcullis`.
//!
//! They work on the database itself, before the first start as well as beside a running server, which follows what they take away within a
//! quarter of a second.

mod user;
pub use user::{AddUser, UserCommand};
mod keys;
pub use keys::KeysCommand;

use std::io::{Read, Write};

use clap::Subcommand;

use crate::error::AccountError;
use crate::service::AccountService;

/// A command of accounts.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum AccountsCommand {
    /// Add, list, disable and enable users, give roles, reset passwords.
    #[command(subcommand)]
    User(UserCommand),
    /// List and rotate the keys that sign access tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// What a command reads and writes, and how.
pub struct Terminal<'a> {
    /// Where a password is read from.
    pub input: &'a mut (dyn Read + Send),
    /// Where the result is written.
    pub output: &'a mut (dyn Write + Send),
    /// Whether the result is JSON.
    pub json: bool,
}

/// A command failed: exit code 1 or 2, and what to tell the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandFailed {
    /// The command is not used as it should be: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Accounts refused or failed: exit code 1.
    #[error(transparent)]
    Refused(#[from] AccountError),
    /// The result could not be written: exit code 1.
    #[error("cannot read or write: {0}")]
    Terminal(#[from] std::io::Error),
}

impl CommandFailed {
    /// The exit code of the process.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Refused(_) | Self::Terminal(_) => 1,
        }
    }
}

impl AccountsCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// What to tell the operator, with the exit code.
    pub async fn run(self, accounts: &AccountService, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
        match self {
            Self::User(command) => command.run(accounts, terminal).await,
            Self::Keys(command) => command.run(accounts, terminal).await,
        }
    }
}

impl Terminal<'_> {
    /// Writes one result: JSON for programs, a line for people.
    fn say(&mut self, value: &serde_json::Value, line: &str) -> Result<(), CommandFailed> {
        if self.json {
            writeln!(self.output, "{value}")?
        } else {
            writeln!(self.output, "{line}")?
        }
        Ok(())
    }
}

impl std::fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("json", &self.json).finish_non_exhaustive()
    }
}
