use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::text;

/// The ready-made service in a process of its own, without rate limits, with its data in `data` below its folder.
pub(crate) struct Service {
    child: Child,
    folder: TempDir,
    pub(crate) base: String,
    /// Open as long as the service runs, which may still have something to say.
    _said: BufReader<ChildStderr>,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these settings, named as in the environment, without `PORTCULLIS_`.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.arg("serve").current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        for name in ["LISTEN", "MANAGEMENT_LISTEN"] {
            command.env(format!("PORTCULLIS_{name}"), "127.0.0.1:0");
        }
        for name in ["DEFAULT", "CREDENTIALS", "PRINCIPAL"] {
            command.env(format!("PORTCULLIS_RATE_LIMIT__{name}"), "off");
        }
        for (name, value) in settings {
            command.env(format!("PORTCULLIS_{name}"), value);
        }
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        // The greeting says that the sockets are bound: "Listening on URL (ADDRESS); …".
        let mut greeting = String::new();
        said.read_line(&mut greeting).unwrap();
        let address: Option<SocketAddr> = greeting.split(['(', ')']).nth(1).and_then(|address| address.parse().ok());
        assert!(address.is_some(), "{greeting}");
        let port = address.unwrap().port();
        Self { child, folder, base: format!("https://localhost:{port}"), _said: said }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Time of processors that its process took so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Behind the name, which may hold anything: user and system time are the fields 14 and 15, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        Duration::from_millis(10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()))
    }

    /// Resident memory of its process, in KiB.
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix("kB").unwrap().trim().parse().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service that isn't as good as ours: it logs everybody in for a second, then answers as it is told.
pub(crate) struct Stub {
    address: SocketAddr,
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    requests: AtomicUsize,
    log_ins: AtomicUsize,
}

impl Stub {
    /// After the first few requests, answers take so long and have this status.
    pub(crate) fn start(delay: Duration, status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&stub.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let asked = Arc::clone(&asked);
                std::thread::spawn(move || converse(&stream.unwrap(), delay, status, &asked));
            }
        });
        stub
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.asked.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn log_ins(&self) -> usize {
        self.asked.log_ins.load(Ordering::SeqCst)
    }
}

/// Ends when the client does.
fn converse(stream: &TcpStream, delay: Duration, status: u16, asked: &Asked) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let request = line.clone();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            length = line.to_ascii_lowercase().strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        // The log-in and the rehearsal come first.
        let status = if asked.requests.fetch_add(1, Ordering::SeqCst) < 2 { 200 } else { status };
        let body = r#"{"access_token":"a.b.c","expires_in":1}"#;
        if request.starts_with("GET") {
            std::thread::sleep(delay);
        } else {
            asked.log_ins.fetch_add(1, Ordering::SeqCst);
        }
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// What a run of `portcullis load` brought.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) printed: String,
    pub(crate) complained: String,
}

impl Ended {
    pub(crate) fn json(&self) -> serde_json::Value {
        assert!(self.printed.starts_with('{'), "{}", self.complained);
        serde_json::from_str(&self.printed).unwrap()
    }
}

/// Runs `portcullis load` in a folder, with a password on its standard input, which is no terminal.
pub(crate) fn load(folder: &Path, password: &str, arguments: &[&str]) -> Ended {
    let mut child = spawn(folder, arguments);
    // A run that is refused may have ended before.
    let _ = child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes());
    ended(child)
}

pub(crate) fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.arg("load").args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended { code: output.status.code(), printed: text(&output.stdout), complained: text(&output.stderr) }
}
