use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A PostgreSQL server in a temporary folder, reached through a socket there, so that any number of them run side by side.
///
/// It stops when it is dropped, and also when the test process ends in any other way: a watching shell sees its standard input close.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Closing its standard input stops the server and removes the folder.
    watch: Child,
}

/// Why a database for tests can't be had.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(pub(crate) String);

impl Server {
    /// Makes a new server and starts it.
    ///
    /// # Errors
    /// When PostgreSQL isn't installed or doesn't start; the text says what it said.
    pub fn start() -> Result<Self, Failure> {
        let programs = programs()?;
        let folder = run(as_owner("mktemp").args(["-d", "/tmp/portcullis-postgres-XXXXXX"]))?;
        let folder = PathBuf::from(folder.trim());
        let watch = watch(&programs, &folder)?;
        let server = Self { programs, folder, watch };
        let data = server.data();
        run(server.program("initdb").args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", &data]))?;
        server.resume()?;
        Ok(server)
    }

    /// Stops the server at once, as a crash would; its data stays.
    ///
    /// # Errors
    /// When it isn't running.
    pub fn halt(&self) -> Result<(), Failure> {
        run(self.program("pg_ctl").args(["stop", "-m", "immediate", "-w", "-D", &self.data()])).map(drop)
    }

    /// Starts the server again after [`halt`](Self::halt).
    ///
    /// # Errors
    /// When it doesn't start.
    pub fn resume(&self) -> Result<(), Failure> {
        let folder = self.folder.display();
        let log = format!("{folder}/log");
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off -c max_connections=200"
        );
        run(self.program("pg_ctl").args(["start", "-w", "-D", &self.data(), "-l", &log, "-o", &options])).map(drop)
    }

    /// Stops every process of the server in its tracks, as a hung disk would: connections stay open, and nothing answers.
    ///
    /// # Errors
    /// When it isn't running.
    pub fn freeze(&self) -> Result<Frozen, Failure> {
        // The main process first: from then on there are no new ones.
        let main = self.main_process()?;
        let mut frozen = Frozen::new(vec![main.clone()])?;
        let children = children(&main)?;
        // One that is just ending may be gone already.
        drop(run(as_owner("kill").arg("-STOP").args(&children)));
        frozen.0.extend(children);
        Ok(frozen)
    }

    /// Stops the processes behind the open connections to a database; new connections get new ones.
    ///
    /// # Errors
    /// When the server isn't running, or there is no such connection.
    pub fn freeze_connections(&self, database: &str) -> Result<Frozen, Failure> {
        let title = format!(" {database} [local]");
        let serves = |process: &String| std::fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|line| line.contains(&title));
        Frozen::new(children(&self.main_process()?)?.into_iter().filter(serves).collect())
    }

    fn main_process(&self) -> Result<String, Failure> {
        let file = run(as_owner("cat").arg(self.folder.join("data/postmaster.pid")))?;
        file.lines().next().map(str::to_owned).ok_or_else(|| Failure("postmaster.pid is empty".to_owned()))
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server refuses, for example because there is one of this name.
    pub fn create_database(&self, name: &str) -> Result<(), Failure> {
        run(self.program("createdb").arg("-h").arg(&self.folder).args(["-U", "postgres", name])).map(drop)
    }

    /// The URL of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres&sslmode=disable", self.folder.display())
    }

    fn program(&self, name: &str) -> Command {
        as_owner(self.programs.join(name))
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }
}

/// Processes that were stopped; dropping it lets them go on.
#[derive(Debug)]
pub struct Frozen(Vec<String>);

impl Frozen {
    fn new(processes: Vec<String>) -> Result<Self, Failure> {
        let frozen = Self(processes);
        run(as_owner("kill").arg("-STOP").args(&frozen.0)).map(|_| frozen)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        drop(run(as_owner("kill").arg("-CONT").args(&self.0)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        drop(self.watch.wait());
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.folder.display())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    /// The text itself, so that `unwrap` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// The processes that this one has started.
fn children(process: &str) -> Result<Vec<String>, Failure> {
    let listed = run(Command::new("ps").args(["-o", "pid=", "--ppid", process]))?;
    Ok(listed.split_whitespace().map(str::to_owned).collect())
}

/// The folder that holds PostgreSQL's programs: the first in PATH, else the newest below /usr/lib/postgresql.
fn programs() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut installed: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    let version = |folder: &PathBuf| folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
    installed.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let complete = |folder: &PathBuf| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    std::env::split_paths(&path).chain(installed).find(complete).ok_or_else(|| {
        Failure(format!(
            "PostgreSQL is demanded, but {} are not in PATH or /usr/lib/postgresql: install the package `postgresql`",
            PROGRAMS.join(", ")
        ))
    })
}

/// A command of the server's owner; PostgreSQL refuses to run as root, so root steps down to `postgres`.
fn as_owner(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let root = run(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if root { Command::new("setpriv") } else { Command::new(program.as_ref()) };
    if root {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// A shell that outlives the test process, in a group of its own so that an interrupt doesn't reach it.
fn watch(programs: &Path, folder: &Path) -> Result<Child, Failure> {
    let script = r#"cat > /dev/null; "$0/pg_ctl" stop -m immediate -D "$1/data" > /dev/null 2>&1; rm -rf "$1""#;
    let mut command = as_owner("sh");
    command.args(["-c", script]).arg(programs).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(|error| Failure(format!("cannot start a shell: {error}")))
}

/// What the command printed; its complaint when it failed.
fn run(command: &mut Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Failure(format!("cannot start {program}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure(format!("{command:?}: {}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))))
}

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "createdb"];
