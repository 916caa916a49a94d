//! The four servers and how each is started.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Connection, Request, Target, Transport, Trust};
use crate::process::Process;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Bare,
    /// Bare axum, with the headers of notes on every answer and nothing else.
    Headers,
    ByHand,
    FastApi,
    Notes,
}

/// Where the programs are and what they share.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The folder of the release builds.
    pub(crate) target: PathBuf,
    /// The project.
    pub(crate) root: PathBuf,
    /// Where databases and logs go.
    pub(crate) folder: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) trust: Trust,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) started_in: Duration,
    pub(crate) folder: PathBuf,
    /// How many right answers its clients saw.
    pub(crate) answers: Cell<u64>,
    trust: Trust,
}

impl Peer {
    /// What a whole run compares.
    pub(crate) const ALL: [Self; 4] = [Self::Bare, Self::ByHand, Self::FastApi, Self::Notes];
    /// What can be asked for by name.
    pub(crate) const NAMED: [Self; 5] = [Self::Bare, Self::Headers, Self::ByHand, Self::FastApi, Self::Notes];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Headers => "headers",
            Self::ByHand => "by-hand",
            Self::FastApi => "fastapi",
            Self::Notes => "notes",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare axum",
            Self::Headers => "bare axum with the headers",
            Self::ByHand => "by hand",
            Self::FastApi => "FastAPI",
            Self::Notes => "notes",
        }
    }

    pub(crate) const fn has_security(self) -> bool {
        !matches!(self, Self::Bare | Self::Headers)
    }

    pub(crate) const fn speaks(self, transport: Transport) -> bool {
        !matches!((self, transport), (Self::FastApi, Transport::Http2Tls))
    }
}

impl Ground {
    /// Starts a server with a database of its own; `settings` are further variables of the notes example.
    pub(crate) fn start(&self, peer: Peer, is_tls: bool, settings: &[(&str, &str)]) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix(peer.name()).tempdir_in(&self.folder)?.keep();
        let address = free_address()?;
        match peer {
            Peer::Bare | Peer::Headers | Peer::ByHand => {
                let program = self.program(if peer == Peer::ByHand { "by-hand" } else { "bare" });
                run(Command::new(&program).arg("seed").arg(&folder))?;
                let mut serve = Command::new(program);
                serve.arg(address.to_string()).arg(&folder);
                if peer == Peer::Headers {
                    serve.env("PEER_HEADERS", "on");
                }
                if is_tls {
                    serve.arg(&self.certificate).arg(&self.key);
                }
                self.wait(peer, &mut serve, address, is_tls, folder)
            }
            Peer::FastApi => {
                let python = self.target.join("../../fastapi/bin/python");
                let source = self.root.join("benches/peers/fastapi");
                let mut seed = Command::new(&python);
                run(seed.current_dir(&source).args(["-m", "app.seed"]).env("PEER_FOLDER", &folder))?;
                let mut serve = Command::new(&python);
                serve.current_dir(&source).args(["-m", "app.serve", &address.port().to_string()]).env("PEER_FOLDER", &folder);
                if is_tls {
                    serve.arg(&self.certificate).arg(&self.key);
                }
                serve.stdout(File::create(folder.join("log"))?).stderr(File::create(folder.join("errors"))?);
                self.wait(peer, &mut serve, address, is_tls, folder)
            }
            Peer::Notes => {
                let variables = self.variables(&folder, address, is_tls, settings)?;
                self.notes(Command::new(self.program("notes")), variables, address, is_tls, folder)
            }
        }
    }

    /// Starts notes under a program that watches it, such as valgrind, on one worker thread.
    pub(crate) fn watched(&self, watcher: &[&str], settings: &[(&str, &str)]) -> Result<Server> {
        let (folder, address) = (tempfile::tempdir_in(&self.folder)?.keep(), free_address()?);
        let (program, arguments) = watcher.split_first().ok_or("no watcher")?;
        let mut serve = Command::new(program);
        serve.args(arguments).arg(self.program("notes"));
        let mut variables = self.variables(&folder, address, false, settings)?;
        variables.push(("TOKIO_WORKER_THREADS".to_owned(), "1".to_owned()));
        self.notes(serve, variables, address, false, folder)
    }

    /// What the image tells the C library.
    pub(crate) fn environment(&self) -> Result<[(&'static str, String); 1]> {
        let image = fs::read_to_string(self.root.join("deploy/Dockerfile"))?;
        let value = image.split_whitespace().find_map(|word| word.strip_prefix(TUNABLES)?.strip_prefix('='));
        Ok([(TUNABLES, value.ok_or("the image sets no GLIBC_TUNABLES")?.to_owned())])
    }

    /// Makes the database of the notes example, with a user and an administrator in it.
    pub(crate) fn found(&self) -> Result<PathBuf> {
        let folder = tempfile::tempdir_in(&self.folder)?.keep();
        let variables = self.variables(&folder, free_address()?, false, &[])?;
        add_users(|| Command::new(self.program("notes")), &variables)?;
        Ok(folder)
    }

    /// Starts notes on a database that is there.
    pub(crate) fn resume(&self, folder: &Path) -> Result<Server> {
        self.again("notes", &[], folder)
    }

    /// Starts the application of so many endpoints.
    pub(crate) fn many(&self, endpoints: u64) -> Result<Server> {
        let folder = tempfile::tempdir_in(&self.folder)?.keep();
        self.again("many", &[&endpoints.to_string()], &folder)
    }

    fn again(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<Server> {
        let address = free_address()?;
        let mut serve = Command::new(self.program(program));
        serve.args(arguments).envs(self.variables(folder, address, false, &[])?);
        serve.stdout(File::create(folder.join("log"))?).stderr(File::create(folder.join("errors"))?);
        self.wait(Peer::Notes, &mut serve, address, false, folder.to_path_buf())
    }

    fn notes(
        &self,
        mut serve: Command,
        variables: Vec<(String, String)>,
        address: SocketAddr,
        is_tls: bool,
        folder: PathBuf,
    ) -> Result<Server> {
        add_users(|| Command::new(self.program("notes")), &variables)?;
        serve.envs(variables).stdout(File::create(folder.join("log"))?).stderr(File::create(folder.join("errors"))?);
        self.wait(Peer::Notes, &mut serve, address, is_tls, folder)
    }

    /// A program of the release build; those of the other workspace lie in a target folder of its own, in the same place.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let host = self.target.parent().and_then(Path::file_name).unwrap_or_default();
        let is_peer = matches!(name, "bare" | "by-hand");
        let folder = if is_peer { self.target.join("../../peers").join(host).join("release") } else { self.target.clone() };
        folder.join(name)
    }

    /// The notes example with everything switched on, and limits that the load doesn't reach.
    pub(crate) fn variables(
        &self,
        folder: &Path,
        address: SocketAddr,
        is_tls: bool,
        settings: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>> {
        let mut variables = vec![
            ("DATA_DIR", folder.join("data").display().to_string()),
            ("LISTEN", address.to_string()),
            ("MANAGEMENT_LISTEN", free_address()?.to_string()),
            ("PUBLIC_URL", "https://localhost".to_owned()),
            ("RATE_LIMIT__DEFAULT", "1000000/s".to_owned()),
            ("RATE_LIMIT__PRINCIPAL", "1000000/s".to_owned()),
            ("RATE_LIMIT__CREDENTIALS", "1000000/s".to_owned()),
            ("LOG__FORMAT", "json".to_owned()),
        ];
        if is_tls {
            variables.push(("TLS__MODE", "files".to_owned()));
            variables.push(("TLS__CERT_FILE", self.certificate.display().to_string()));
            variables.push(("TLS__KEY_FILE", self.key.display().to_string()));
        } else {
            variables.push(("TLS__MODE", "behind_proxy".to_owned()));
            variables.push(("PROXY__TRUSTED", "127.0.0.1".to_owned()));
        }
        // A later variable takes the place of an earlier one.
        variables.extend(settings.iter().map(|&(name, value)| (name, value.to_owned())));
        Ok(variables.into_iter().map(|(name, value)| (format!("PORTCULLIS_{name}"), value)).collect())
    }

    fn wait(&self, peer: Peer, command: &mut Command, address: SocketAddr, is_tls: bool, folder: PathBuf) -> Result<Server> {
        let began = Instant::now();
        if peer == Peer::Notes {
            command.envs(self.environment()?);
        }
        let process = Process::start(command)?;
        let mut server =
            Server { peer, process, address, started_in: Duration::ZERO, folder, answers: Cell::new(0), trust: self.trust.clone() };
        let target = server.target(if is_tls { Transport::Http1Tls } else { Transport::Http1 });
        let request = Request::new("GET", "/livez", None, None)?;
        while began.elapsed() < Duration::from_secs(60) && server.process.is_alive() {
            if let Ok(mut connection) = Connection::open(&target)
                && matches!(connection.exchange(&request), Ok((200, _)))
            {
                server.started_in = began.elapsed();
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let errors = fs::read_to_string(server.folder.join("errors")).unwrap_or_default();
        Err(format!("{} did not start: {errors}", peer.title()).into())
    }
}

impl Server {
    pub(crate) fn target(&self, transport: Transport) -> Target {
        Target { address: self.address, transport, trust: self.trust.clone() }
    }

    pub(crate) fn count_answers(&self, more: u64) {
        self.answers.set(self.answers.get() + more);
    }

    /// How many lines its log holds; none where it writes none.
    pub(crate) fn log_lines(&self) -> Result<u64> {
        let text = fs::read(self.folder.join("log")).unwrap_or_default();
        Ok(u64::try_from(memchr::memchr_iter(b'\n', &text).count())?)
    }
}

fn add_users(program: impl Fn() -> Command, variables: &[(String, String)]) -> Result<()> {
    for (name, role) in [("uma", "user"), ("ada", "admin")] {
        add_user(program().envs(variables.iter().cloned()), name, role)?;
    }
    Ok(())
}

fn add_user(command: &mut Command, name: &str, role: &str) -> Result<()> {
    command.args(["user", "add", name, "--role", role, "--password-stdin"]);
    let mut adding = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    adding.stdin.take().ok_or("no input")?.write_all(format!("{PASSWORD}\n").as_bytes())?;
    if adding.wait()?.success() { Ok(()) } else { Err("the user could not be added".into()) }
}

fn run(command: &mut Command) -> Result<()> {
    if command.status().map_err(|error| format!("{command:?}: {error}"))?.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed").into())
    }
}

pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

pub(crate) const PASSWORD: &str = "correct horse battery staple";
const TUNABLES: &str = "GLIBC_TUNABLES";
