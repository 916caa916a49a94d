//! Outputs that nobody reads: the service goes on, and ends when it is told to.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::plain::{Plain, command, terminate};

/// More log than a pipe holds: 64 KiB.
const REQUESTS: usize = 1000;
const OFF: [(&str, &str); 1] = [("RATE_LIMIT__DEFAULT", "off")];

/// Asks so often on one connection that the lines of the log fill a pipe, and counts the answers.
async fn fill(mut stream: TcpStream) -> usize {
    let request = "GET /livez HTTP/1.1\r\nHost: localhost:8443\r\nUser-Agent: somebody with a name that is long enough for the log\r\n";
    let (mut answered, mut buffer) = (0, Vec::new());
    for number in 1..=REQUESTS {
        let last = if number == REQUESTS { "Connection: close\r\n\r\n" } else { "\r\n" };
        stream.write_all(format!("{request}{last}").as_bytes()).await.unwrap();
        // In order, and not all at once: what isn't read would fill the socket.
        if number % 50 == 0 && number < REQUESTS {
            while answered < number {
                assert!(stream.read_buf(&mut buffer).await.unwrap() > 0);
                answered = answers_in(&buffer);
            }
        }
    }
    stream.read_to_end(&mut buffer).await.unwrap();
    answers_in(&buffer)
}

fn answers_in(answers: &[u8]) -> usize {
    String::from_utf8_lossy(answers).matches("HTTP/1.1 200").count()
}

#[tokio::test]
async fn standard_output_that_nobody_reads_does_not_keep_sigterm_from_ending_the_process() {
    let mut service = Plain::start(&OFF, Stdio::piped());
    assert_eq!(fill(service.connect(Ipv4Addr::LOCALHOST).await).await, REQUESTS);
    assert_eq!(fill(service.connect(Ipv4Addr::LOCALHOST).await).await, REQUESTS, "requests go on");
    assert_eq!(service.terminate().code(), Some(0));
}

#[tokio::test]
async fn standard_error_that_nobody_reads_keeps_neither_the_start_nor_the_end() {
    let (_reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b'x'; 64 * 1024]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Nobody reads the greeting, so the port is chosen here.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = address.to_string();
    let variables = [OFF[0], ("LISTEN", listen.as_str())];
    let mut child = command(folder.path(), &variables).stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    assert_eq!(fill(patient_connect(address).await).await, REQUESTS);
    assert_eq!(terminate(&mut child).code(), Some(0));
}

/// Connects to a service that is starting.
async fn patient_connect(address: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
