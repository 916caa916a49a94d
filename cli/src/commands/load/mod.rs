//! `portcullis load`: requests at a fixed rate, whatever the service does, and the latencies that its users would have seen.
//!
//! A request's latency counts from the moment when it was due, not from when a connection was free for it: a service that stalls can't hide
//! the requests that it kept waiting. Memory and connections are bounded: requests that are due are a number, not a queue.

mod arguments;
pub(crate) use arguments::LoadCommand;
mod connection;
mod consent;
mod flow;
mod interrupt;
mod measurements;
mod operation;
mod outcome;
mod performance;
mod pool;
mod progress;
mod quantity;
mod rehearsal;
mod report;
mod run;
mod scenario;
mod target;
mod trust;
mod users;
mod verdict;
