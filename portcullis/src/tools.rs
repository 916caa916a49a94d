use std::convert::Infallible;
use std::process::ExitCode;

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};
use portcullis_web::app::config::Source;

use crate::run::Failure;

/// Commands that a program has beside those of its application: `#[derive(clap::Subcommand)]` and this.
pub trait Tools: Subcommand {
    /// Runs the command.
    ///
    /// # Errors
    /// What to tell the person at the terminal, with the exit code.
    fn run(self, invocation: Invocation) -> Result<ExitCode, Failure>;
}

/// What the command line says to every command.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invocation {
    /// Where the settings come from.
    pub source: Source,
    /// Whether the result is JSON.
    pub json: bool,
}

impl Invocation {
    pub(crate) const fn new(source: Source, json: bool) -> Self {
        Self { source, json }
    }
}

/// No further commands.
#[derive(Debug)]
pub(crate) struct NoTools(Infallible);

impl Tools for NoTools {
    fn run(self, _: Invocation) -> Result<ExitCode, Failure> {
        match self.0 {}
    }
}

// By hand: the derive needs a variant.
impl Subcommand for NoTools {
    fn augment_subcommands(command: Command) -> Command {
        command
    }
    fn augment_subcommands_for_update(command: Command) -> Command {
        command
    }
    fn has_subcommand(_: &str) -> bool {
        false
    }
}

impl FromArgMatches for NoTools {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Err(clap::Error::new(clap::error::ErrorKind::InvalidSubcommand))
    }
    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}
