use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use portcullis_core::RoleKind;
use portcullis_web::app::App;
use portcullis_web::app::config::{Environment, Source};

use crate::command_reference::command_reference;
use crate::run::{self, Failure};
use crate::tools::{Invocation, NoTools, Tools};

/// Runs an application as a program: serves without an argument, else does what the command says.
pub trait Main: Sized {
    /// Reads the command line of this process and runs. Exit code 0: done; 1: it failed or found something; 2: wrong usage.
    fn main(self) -> ExitCode {
        self.main_with::<NoTools>()
    }

    /// Like [`Main::main`], with commands of the program's own beside the application's.
    fn main_with<T: Tools>(self) -> ExitCode;
}

/// The command line of an application's own program.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
struct CommandLine<T: Tools> {
    /// The settings file; `portcullis.toml` in the working directory if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command<T>>,
}

#[derive(Debug, Subcommand)]
enum Command<T: Tools> {
    #[command(flatten)]
    Application(ApplicationCommand),
    #[command(flatten)]
    Tool(T),
    /// Print every command and its arguments, in Markdown.
    #[command(hide = true)]
    Commands,
}

/// What every application can do.
#[derive(Debug, Subcommand)]
pub(crate) enum ApplicationCommand {
    /// Serve until SIGTERM or Ctrl-C. The default.
    Serve {
        /// Only check the settings, and print them with secrets masked.
        #[arg(long)]
        check: bool,
    },
    /// Bring the database's tables up to date.
    Migrate,
    /// Print who may call what.
    Matrix,
    /// Print the OpenAPI document.
    Openapi,
    /// Print every setting, its variable and its default, in Markdown.
    Settings,
    /// Ask the running service whether it is ready; exit code 1 when it isn't.
    Healthcheck,
    #[command(flatten)]
    Accounts(portcullis_accounts::AccountsCommand),
}

impl<R: RoleKind, S> Main for App<R, S> {
    fn main_with<T: Tools>(self) -> ExitCode {
        let line = match CommandLine::<T>::try_parse() {
            Ok(line) => line,
            Err(message) => {
                let code = if message.use_stderr() { 2 } else { 0 };
                // Nothing better can be done where even the terminal is gone.
                let _ = message.print();
                return ExitCode::from(code);
            }
        };
        let source = Source { file: line.config, environment: Environment::of_process() };
        let ended = match line.command.unwrap_or(Command::Application(ApplicationCommand::Serve { check: false })) {
            Command::Application(command) => run::run(self, &source, command, line.json),
            Command::Tool(tool) => tool.run(Invocation::new(source, line.json)),
            Command::Commands => {
                run::say(&command_reference(&program(), CommandLine::<T>::command()));
                Ok(ExitCode::SUCCESS)
            }
        };
        match ended {
            Ok(code) => code,
            Err(Failure { text, code }) => {
                run::complain(&text);
                ExitCode::from(code)
            }
        }
    }
}

/// The name by which this program was called.
fn program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    called.file_stem().map_or_else(|| "portcullis".to_owned(), |name| name.display().to_string())
}
