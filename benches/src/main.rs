//! Measures a protected read of the notes example beside the same read of a bare axum server: CPU time a request, memory, start.
//!
//! ```sh
//! cargo build --release -p notes -p portcullis-bench && target/release/portcullis-bench
//! ```
//!
//! Both answer plain HTTP/1.1 over kept-alive connections (Portcullis as behind a proxy), in turns, so that a noisy machine disturbs both
//! alike. CPU time is what the kernel charged the server, by the number of answers that were checked.
#![expect(clippy::print_stdout, reason = "the result is printed")]

mod client;
mod server;

use std::error::Error;
use std::time::Duration;

use client::Connection;
use server::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bare = Server::bare()?;
    let notes = Server::notes(folder.path())?;
    let idle = notes.memory("VmRSS")?;
    let token = log_in(&notes)?;
    let plain = "GET /whoami HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let protected = format!("GET /whoami HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    println!("start to first answer: bare {:?}, notes {:?}", bare.started_in, notes.started_in);
    println!("resident memory idle: bare {} KiB, notes {idle} KiB, after a log-in {} KiB", bare.memory("VmRSS")?, notes.memory("VmRSS")?);

    drive(&bare, &plain)?;
    drive(&notes, &protected)?;
    let mut ratios = Vec::new();
    println!("| round | bare axum, CPU µs | notes, CPU µs | ratio |\n| --- | --- | --- | --- |");
    for round in 1..=ROUNDS {
        let (bare_cost, notes_cost) = (drive(&bare, &plain)?, drive(&notes, &protected)?);
        ratios.push(notes_cost / bare_cost);
        println!("| {round} | {bare_cost:.2} | {notes_cost:.2} | {:.2} |", notes_cost / bare_cost);
    }
    ratios.sort_by(f64::total_cmp);
    let at = |index: usize| ratios.get(index).copied().unwrap_or_default();
    println!("median ratio {:.2} ({:.2} to {:.2})", at(ratios.len() / 2), at(0), at(ratios.len() - 1));
    println!("peak memory: bare {} KiB, notes {} KiB", bare.memory("VmHWM")?, notes.memory("VmHWM")?);
    Ok(())
}

/// Sends a slice of requests over several connections; the server's CPU time for one, in microseconds.
fn drive(server: &Server, request: &str) -> Result<f64> {
    let before = server.cpu()?;
    let address = server.address;
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = request.to_owned();
            std::thread::spawn(move || -> std::result::Result<(), String> {
                let mut connection = Connection::open(address).map_err(|error| error.to_string())?;
                for _ in 0..REQUESTS / CONNECTIONS {
                    let (status, body) = connection.exchange(&request).map_err(|error| error.to_string())?;
                    if status != 200 || !body.contains("\"role\":\"user\"") {
                        return Err(format!("answered {status}: {body}"));
                    }
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a client panicked")??;
    }
    let spent: Duration = server.cpu()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e6 / f64::from(REQUESTS))
}

fn log_in(notes: &Server) -> Result<String> {
    let form = "username=uma&password=correct+horse+battery+staple";
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let (_, body) = Connection::open(notes.address)?.exchange(&request)?;
    let answer: serde_json::Value = serde_json::from_str(&body)?;
    Ok(answer.get("access_token").and_then(serde_json::Value::as_str).ok_or("no token")?.to_owned())
}

const ROUNDS: usize = 7;
const REQUESTS: u32 = 60_000;
const CONNECTIONS: u32 = 8;
