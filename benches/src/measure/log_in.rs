use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::Serialize;

use super::{Ratio, spread};
use crate::Result;
use crate::cases::log_in;
use crate::client::{Connection, Target};
use crate::peers::Ground;

/// Log-ins a second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogIns {
    pub(crate) peer: &'static str,
    pub(crate) rate: f64,
    /// Of the library's in the same round.
    pub(crate) of_library: Option<Ratio>,
}

impl LogIns {
    pub(crate) fn of(peer: &'static str, rates: &[f64], library: &[f64]) -> Self {
        let ratios: Vec<f64> = rates.iter().zip(library).map(|(rate, library)| rate / library).collect();
        Self { peer, rate: spread(rates).0, of_library: Ratio::of(&ratios) }
    }
}

/// Logs in with this many clients at once, each as fast as it is answered.
pub(crate) fn log_ins(target: &Target, clients: u32, time: Duration) -> Result<f64> {
    let began = Instant::now();
    let request = log_in()?;
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let (target, request) = (target.clone(), request.clone());
            thread::spawn(move || -> std::result::Result<u32, String> {
                let mut connection = Connection::open(&target).map_err(|error| error.to_string())?;
                let mut count = 0;
                while began.elapsed() < time {
                    let (status, body) = connection.exchange(&request).map_err(|error| error.to_string())?;
                    if status != 200 || memchr::memmem::find(body, b"access_token").is_none() {
                        return Err(format!("a log-in answered {status}"));
                    }
                    count += 1;
                }
                Ok(count)
            })
        })
        .collect();
    let mut count = 0;
    for thread in threads {
        count += thread.join().map_err(|_| "a client panicked")??;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// Log-ins a second of the Argon2id library alone, in a process of its own: in pages as the system gives them, or in large ones.
pub(crate) fn library(ground: &Ground, time: Duration, pages: Pages) -> Result<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("library").arg(time.as_millis().to_string());
    if pages == Pages::Large {
        command.envs(ground.environment()?);
    }
    let output = command.output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse().map_err(|_| "the library was not measured")?)
}

/// What the memory that is hashed in consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    AsGiven,
    Large,
}

/// What the library does on as many threads as there are cores, with memory that it uses again: hashes a second.
pub(crate) fn hashes(time: Duration) -> Result<f64> {
    let began = Instant::now();
    let threads: Vec<_> = (0..thread::available_parallelism()?.get())
        .map(|_| {
            thread::spawn(move || -> std::result::Result<u32, argon2::Error> {
                let params = Params::new(19_456, 2, 1, Some(32))?;
                let mut memory = vec![Block::default(); params.block_count()];
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let (mut count, mut output) = (0, [0; 32]);
                while began.elapsed() < time {
                    argon2.hash_password_into_with_memory(
                        b"correct horse battery staple",
                        b"sixteen bytes ok",
                        &mut output,
                        &mut memory,
                    )?;
                    count += 1;
                }
                Ok(count)
            })
        })
        .collect();
    let mut count = 0;
    for thread in threads {
        count += thread.join().map_err(|_| "a hashing thread panicked")?.map_err(|error| error.to_string())?;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
