use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use portcullis::Failure;

use super::quantity::{Bound, Rate, share};
use super::scenario::Scenario;

/// The command line of `load`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("who").required(true).args(["username", "register"]))]
#[command(after_help = "Exit code 0: done; 1: unexpected answers or a missed bound, or the load couldn't begin; 2: wrong usage.")]
pub(crate) struct LoadCommand {
    /// The service, such as `https://localhost:8443`.
    pub(super) url: String,
    /// What is asked for.
    #[arg(long, value_enum, default_value_t = Scenario::Mixed)]
    pub(super) scenario: Scenario,
    /// How many requests are due in a second or minute, whatever the service does.
    #[arg(long, value_name = "N/s", default_value = "50/s")]
    pub(super) rate: Rate,
    /// How long requests are due.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) seconds: u64,
    /// At most so many connections carry the rate; HTTP/1.1 carries one request at a time on each.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) connections: u16,
    /// Use HTTP/2, up to 16 requests at a time on each connection.
    #[arg(long)]
    pub(super) http2: bool,
    /// How many log-ins the scenario `storm` begins at the same moment, each on a connection of its own.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) log_ins: u32,
    /// How long to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) timeout: u64,

    /// The user who logs in; the password comes from standard input.
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    pub(super) username: Option<String>,
    /// Read the password from standard input.
    #[arg(long, requires = "username")]
    pub(super) password_stdin: bool,
    /// Register so many users with random names and let them log in. They stay.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) register: Option<u32>,

    /// The path that `read`, `mixed` and `storm` GET [default: /users/me], or that `write` POSTs to.
    #[arg(long, value_name = "PATH")]
    pub(super) path: Option<String>,
    /// The path that `mixed` POSTs to. By default notes or profiles are written, as the service's /openapi.json offers.
    #[arg(long, value_name = "PATH", requires = "body")]
    pub(super) write_path: Option<String>,
    /// The JSON that is sent there.
    #[arg(long, value_name = "JSON")]
    pub(super) body: Option<String>,

    /// The certificate authority that the service is known by [default: data/tls/ca.pem if it is there and the service is on this machine, else the system's].
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Load this host although it isn't this machine.
    #[arg(long, value_name = "HOST")]
    pub(super) yes_i_own: Option<String>,

    /// Write a report with plots, one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// The share of unexpected answers that is still well: 5xx, broken connections, statuses other than 2xx, 3xx and 429.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub(super) max_error_rate: f64,
    /// The 99th percentile that every operation, or one as in `read=5ms`, must stay below.
    #[arg(long, value_name = "LATENCY")]
    pub(super) p99_below: Vec<Bound>,
    /// Further statuses that are well, such as 404.
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(super) expect: Vec<u16>,
}

impl LoadCommand {
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// What clap can't see: arguments that don't go together.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let requests = self.rate.requests_in(self.duration());
        if requests == 0 {
            return Err(Failure::usage(format!("{} for {} s is not one request: raise --rate or --seconds", self.rate, self.seconds)));
        }
        if requests > MOST_REQUESTS {
            return Err(Failure::usage(format!("{requests} requests are more than {MOST_REQUESTS}: lower --rate or --seconds")));
        }
        let writes = matches!(self.scenario, Scenario::Write | Scenario::Mixed);
        if self.body.is_some() && !writes {
            return Err(Failure::usage(format!("--body is for `write` and `mixed`; `{}` writes nothing", self.scenario.name())));
        }
        if self.path.is_some() && self.scenario == Scenario::LogIn {
            return Err(Failure::usage("--path is not for `log-in`, which asks /token"));
        }
        if self.write_path.is_some() && self.scenario != Scenario::Mixed {
            return Err(Failure::usage("--write-path is for `mixed`; `write` takes --path"));
        }
        if self.scenario == Scenario::Write && self.path.is_some() != self.body.is_some() {
            return Err(Failure::usage("`write` takes --path and --body together"));
        }
        if self.scenario == Scenario::Mixed && self.write_path.is_some() != self.body.is_some() {
            return Err(Failure::usage("`mixed` takes --write-path and --body together"));
        }
        if let Some(body) = &self.body {
            serde_json::from_str::<serde::de::IgnoredAny>(body).map_err(|error| Failure::usage(format!("--body is not JSON: {error}")))?;
        }
        Ok(())
    }
}

const MOST_REQUESTS: u64 = 10_000_000;
