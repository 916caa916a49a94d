use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use portcullis_accounts::{Accounts, AccountsCommand, CommandFailed, MIGRATIONS, Terminal};
use portcullis_core::RoleKind;
use portcullis_web::app::config::{Settings, Source, effective, reference};
use portcullis_web::app::{App, StartError};
use portcullis_web::observe::LogSink;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::command_line::ApplicationCommand;
use crate::standard_error;

/// A command failed; the text is for the person at the terminal.
#[derive(Debug)]
pub struct Failure {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Failure {
    /// It failed: exit code 1.
    pub fn new(text: impl std::fmt::Display) -> Self {
        Self { text: text.to_string(), code: 1 }
    }

    /// It isn't used as it should be: exit code 2.
    pub fn usage(text: impl std::fmt::Display) -> Self {
        Self { text: text.to_string(), code: 2 }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(error)
    }
}

impl From<CommandFailed> for Failure {
    fn from(error: CommandFailed) -> Self {
        Self { code: error.exit_code(), text: error.to_string() }
    }
}

/// Runs one command of an application.
pub(crate) fn run<R: RoleKind, S>(
    mut app: App<R, S>,
    source: &Source,
    command: ApplicationCommand,
    json: bool,
) -> Result<ExitCode, Failure> {
    let settings = app.settings(source)?;
    match command {
        ApplicationCommand::Serve { check: true } => {
            app.check(&settings)?;
            for scope in app.unnamed_scopes(&settings) {
                warn(&format!("no policy names the scope `{scope}`"));
            }
            say(&effective(&settings, app.sections()));
        }
        ApplicationCommand::Matrix => say(&app.matrix(&settings)),
        ApplicationCommand::Openapi => say(&format!("{:#}\n", app.openapi(&settings))),
        ApplicationCommand::Settings => say(&reference(app.sections())),
        ApplicationCommand::Serve { check: false } => on_runtime(serve(app, settings))?,
        ApplicationCommand::Healthcheck => return on_runtime(healthcheck(settings.management_listen)),
        ApplicationCommand::Accounts(command) => on_runtime(accounts(app, settings, command, json))?,
        ApplicationCommand::Migrate => on_runtime(migrate(app, settings))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says a line to the person at the terminal.
pub(crate) fn complain(text: &str) {
    standard_error::write_line(&format!("error: {text}"));
}

/// Tells the person at the terminal about what may be a mistake.
fn warn(text: &str) {
    standard_error::write_line(&format!("warning: {text}"));
}

async fn serve<R: RoleKind, S>(app: App<R, S>, settings: Settings) -> Result<(), Failure> {
    standard_error::report_panics();
    let sink = LogSink::stdout();
    let public_url = settings.public_url.clone();
    let is_development = settings.tls.is_development();
    let authority = settings.data_dir.join("tls/ca.pem");
    let running = app.start(settings, sink.clone()).await?;
    running.shutdown().begin_on_signals()?;
    let mut greeting = format!("Listening on {public_url} ({}); docs at {public_url}/docs", running.address());
    if is_development {
        greeting.push_str(&format!("\nCertificate authority for this machine: {}", authority.display()));
    }
    greeting.push_str(&format!("\nHealth and metrics: http://{}/metrics", running.management_address()));
    for line in running.announcements() {
        greeting.push('\n');
        greeting.push_str(line);
    }
    standard_error::write_line(&greeting);
    running.serve().await;
    Ok(())
}

async fn migrate<R: RoleKind, S>(app: App<R, S>, settings: Settings) -> Result<(), Failure> {
    let starting = app.starting(settings).await?;
    starting.database.close().await;
    say("The database is up to date.\n");
    Ok(())
}

/// Runs a command of accounts, without a server: the database is made and migrated when it isn't there.
async fn accounts<R: RoleKind, S>(app: App<R, S>, settings: Settings, command: AccountsCommand, json: bool) -> Result<(), Failure> {
    if !app.has_module(MIGRATIONS.module) {
        return Err(Failure::usage("this application has no accounts"));
    }
    let starting = app.starting(settings).await?;
    let service = Accounts::default().service(&starting).await.map_err(Failure::new)?;
    let result = command.run(&service, &mut Terminal { input: &mut io::stdin(), output: &mut io::stdout(), json }).await;
    starting.database.close().await;
    Ok(result?)
}

/// Asks the management listener, so that a container without a shell can check itself.
async fn healthcheck(address: SocketAddr) -> Result<ExitCode, Failure> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer).await?;
        Ok::<_, io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    match tokio::time::timeout(Duration::from_secs(5), ask).await {
        Ok(Ok(true)) => {
            say("ready\n");
            Ok(ExitCode::SUCCESS)
        }
        Ok(Ok(false)) => Err(Failure::new("not ready")),
        Ok(Err(error)) => Err(Failure::new(format!("cannot reach {address}: {error}"))),
        Err(_) => Err(Failure::new(format!("no answer from {address}"))),
    }
}

fn on_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    let result = runtime.block_on(work);
    // A statement, a full pipe or a hanging disk that a thread still waits for must not keep the process alive.
    runtime.shutdown_timeout(LAST_WORK);
    result
}

/// How long blocking work may go on once all else has ended.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Prints a result.
pub(crate) fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
