//! The tools of `portcullis` that no application has: one file or folder each.

mod load;

use std::process::ExitCode;

use clap::Subcommand;
use portcullis::{Failure, Invocation, Tools};

/// A tool.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Load a service at a fixed rate and report its latencies.
    Load(Box<load::LoadCommand>),
}

impl Tools for Tool {
    fn run(self, invocation: Invocation) -> Result<ExitCode, Failure> {
        match self {
            Self::Load(command) => command.run(&invocation),
        }
    }
}
