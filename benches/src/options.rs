use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;

use crate::cases::{Case, SERVED};
use crate::client::Transport;
use crate::measure::Effort;
use crate::peers::Peer;

/// What is to be measured.
#[derive(Debug, clap::Parser)]
pub(crate) enum Task {
    /// What requests cost, beside the peers.
    Compare(Options),
    /// How time and memory grow when there is more of everything.
    Scale {
        /// Little of everything: whether it works, not what it costs.
        #[arg(long)]
        quick: bool,
    },
    /// How long the compiler checks a hundred endpoints.
    Compile {
        /// A few endpoints, once: whether it works, not how long it takes.
        #[arg(long)]
        quick: bool,
    },
    /// Hashes a second of the Argon2id library alone.
    #[command(hide = true)]
    Library { milliseconds: u64 },
    /// How many instructions a protected read takes, and whether they have become more.
    Instructions {
        /// Record the figure instead of comparing it.
        #[arg(long)]
        record: bool,
    },
}

/// Measures Portcullis beside its peers.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Few requests: whether everything works, not what it costs.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only this kind of request, such as `whoami`, or only this of the rest, such as `start`; may be repeated.
    #[arg(long = "case", value_name = "NAME", value_parser = names(SERVED.iter().map(|case| case.name).chain(REST)))]
    cases: Vec<String>,
    /// Only this server; may be repeated.
    #[arg(long = "peer", value_name = "NAME", value_parser = names(Peer::NAMED.iter().map(|peer| peer.name())))]
    peers: Vec<String>,
    /// Only this way of travel; may be repeated.
    #[arg(long = "transport", value_name = "NAME", value_parser = names(Transport::ALL.iter().map(|transport| transport.name())))]
    transports: Vec<String>,
    /// How many rounds.
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    rounds: usize,
    /// Write the figures there, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Whether everything was asked for; only then do the figures go to the documents.
    pub(crate) fn is_whole(&self) -> bool {
        !self.quick && self.cases.is_empty() && self.peers.is_empty() && self.transports.is_empty()
    }

    /// Whether this of the rest is to be measured: all of it, unless something is named.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|case| case == part)
    }

    pub(crate) fn peers(&self) -> Vec<Peer> {
        if self.peers.is_empty() {
            return Peer::ALL.to_vec();
        }
        chosen(&self.peers, Peer::NAMED.iter().copied(), |peer| peer.name())
    }

    pub(crate) fn cases(&self) -> Vec<&'static Case> {
        chosen(&self.cases, SERVED.iter(), |case| case.name)
    }

    pub(crate) fn transports(&self) -> Vec<Transport> {
        chosen(&self.transports, Transport::ALL.iter().copied(), |transport| transport.name())
    }

    pub(crate) const fn effort(&self) -> Effort {
        if self.quick {
            Effort { rounds: 1, slice: Duration::from_millis(20) }
        } else {
            Effort { rounds: self.rounds, slice: Duration::from_millis(400) }
        }
    }

    /// How long rates and latencies are watched.
    pub(crate) const fn watch(&self) -> Duration {
        if self.quick { Duration::from_millis(300) } else { Duration::from_secs(3) }
    }
}

/// What is measured beside the kinds of request that are served.
pub(crate) const START: &str = "start";
pub(crate) const REFUSALS: &str = "refused";
pub(crate) const LOG_INS: &str = "log-ins";
pub(crate) const IDLE: &str = "idle";
pub(crate) const LONG_ADDRESSES: &str = "long-addresses";
const REST: [&str; 5] = [START, REFUSALS, LOG_INS, IDLE, LONG_ADDRESSES];

/// Takes these names and no others, so that a wrong one is told before anything is measured.
fn names(names: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    names.collect::<Vec<_>>().into()
}

/// Those that were named, or all.
fn chosen<T>(names: &[String], all: impl Iterator<Item = T>, name: impl Fn(&T) -> &'static str) -> Vec<T> {
    all.filter(|one| names.is_empty() || names.iter().any(|wanted| wanted == name(one))).collect()
}
