use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::Connection;

/// A server in a process of its own, ended with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) started_in: Duration,
}

impl Server {
    pub(crate) fn bare() -> Result<Self> {
        let address = free_address()?;
        Self::start(Command::new(program("bare")?).arg(address.to_string()), address, "/whoami")
    }

    /// The notes example on SQLite, with everything switched on: logs to a file, limits that the load doesn't reach.
    pub(crate) fn notes(folder: &Path) -> Result<Self> {
        let address = free_address()?;
        let management = free_address()?;
        let mut add = Command::new(program("notes")?);
        let variables = [
            ("PORTCULLIS_DATA_DIR", folder.join("data").display().to_string()),
            ("PORTCULLIS_LISTEN", address.to_string()),
            ("PORTCULLIS_MANAGEMENT_LISTEN", management.to_string()),
            ("PORTCULLIS_PUBLIC_URL", "https://localhost".to_owned()),
            ("PORTCULLIS_TLS__MODE", "behind_proxy".to_owned()),
            ("PORTCULLIS_PROXY__TRUSTED", "127.0.0.1".to_owned()),
            ("PORTCULLIS_RATE_LIMIT__DEFAULT", "1000000/s".to_owned()),
            ("PORTCULLIS_RATE_LIMIT__PRINCIPAL", "1000000/s".to_owned()),
            ("PORTCULLIS_LOG__FORMAT", "json".to_owned()),
        ];
        add.envs(variables.iter().cloned()).args(["user", "add", "uma", "--role", "user", "--password-stdin"]);
        let mut adding = add.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        adding.stdin.take().ok_or("no input")?.write_all(b"correct horse battery staple\n")?;
        if !adding.wait()?.success() {
            return Err("the user could not be added".into());
        }
        let mut serve = Command::new(program("notes")?);
        serve.envs(variables.iter().cloned()).stdout(File::create(folder.join("log"))?).stderr(Stdio::null());
        Self::start(&mut serve, address, "/livez")
    }

    /// The CPU time that the kernel charged so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit(')').next().ok_or("no stat")?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).ok_or("no ticks");
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    /// A line of the process's status, in KiB.
    pub(crate) fn memory(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory")?;
        Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
    }

    fn start(command: &mut Command, address: SocketAddr, path: &str) -> Result<Self> {
        let began = Instant::now();
        let child = command.spawn()?;
        let mut server = Self { child, address, started_in: Duration::ZERO };
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        while began.elapsed() < Duration::from_secs(10) {
            if let Ok((200, _)) = Connection::open(address).and_then(|mut connection| connection.exchange(&request)) {
                server.started_in = began.elapsed();
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("the server did not start".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of the same build.
fn program(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
