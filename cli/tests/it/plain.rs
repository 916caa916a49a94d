//! The ready-made service in a process of its own, behind a proxy: it speaks plain HTTP, and every loopback address is another client.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The one address whose word about a client's address counts.
pub(crate) const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The service.
pub(crate) struct Plain {
    pub(crate) child: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) management: SocketAddr,
    /// Open as long as the service runs.
    _said: BufReader<ChildStderr>,
}

/// The command that starts the service in this folder.
pub(crate) fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.arg("serve").current_dir(folder);
    let own =
        [("LISTEN", "127.0.0.1:0"), ("MANAGEMENT_LISTEN", "127.0.0.1:0"), ("TLS__MODE", "behind_proxy"), ("PROXY__TRUSTED", "127.0.0.2")];
    for (name, value) in own.iter().chain(variables) {
        command.env(format!("PORTCULLIS_{name}"), value);
    }
    command
}

impl Plain {
    pub(crate) fn start(variables: &[(&str, &str)], stdout: impl Into<Stdio>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(folder.path(), variables).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            line
        };
        // "Listening on URL (ADDRESS); …", then "Health and metrics: http://ADDRESS/metrics".
        let (first, second) = (line(), line());
        let address = first.split(['(', ')']).nth(1).and_then(|address| address.parse().ok());
        let management = second.split('/').nth(2).and_then(|address| address.parse().ok());
        assert!(address.is_some() && management.is_some(), "{first}{second}");
        Self { child, folder, address: address.unwrap(), management: management.unwrap(), _said: said }
    }

    /// A connection of the client at this address.
    pub(crate) async fn connect(&self, from: Ipv4Addr) -> TcpStream {
        connect(from, self.address).await
    }

    /// The answer to one request on a connection of its own: its status and its text.
    pub(crate) async fn ask(&self, from: Ipv4Addr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect(from).await;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:8443\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(stream).await
    }

    /// Sends requests one behind the other on one connection, and reads what comes back until it is closed: the statuses.
    pub(crate) async fn pipeline(&self, from: Ipv4Addr, requests: String) -> Vec<u16> {
        let (mut reader, mut writer) = self.connect(from).await.into_split();
        // The service may close in the middle of it.
        let write = async { drop(writer.write_all(requests.as_bytes()).await) };
        let read = async {
            let (mut answers, mut part) = (Vec::new(), vec![0; 64 * 1024]);
            while let Ok(length @ 1..) = reader.read(&mut part).await {
                answers.extend(part.iter().take(length));
            }
            answers
        };
        let ((), answers) = tokio::join!(write, read);
        let answers = String::from_utf8(answers).unwrap();
        answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
    }

    /// What `/metrics` says of this sample.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let mut stream = connect(Ipv4Addr::LOCALHOST, self.management).await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let (_, text) = read_answer(stream).await;
        let found = text.lines().find_map(|line| line.strip_prefix(sample)?.trim().parse().ok());
        found.unwrap_or_default()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Processor time used so far, in the ticks of `/proc`.
    pub(crate) fn cpu(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // User and system time are the 12th and 13th field after the name.
        let times = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        times.map(|time| time.parse::<u64>().unwrap()).sum()
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        terminate(&mut self.child)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn connect(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Sends SIGTERM and waits for the end; a process that doesn't end is killed, and fails the test.
pub(crate) fn terminate(child: &mut Child) -> ExitStatus {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    // Far more than the process needs, however busy the machine is.
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
        }
        assert!(Instant::now() < deadline, "the process does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

async fn read_answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
