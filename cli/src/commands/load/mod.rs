//! `portcullis load`: requests at a fixed rate, whatever the service does, and the latencies that its users would have seen.
//!
//! A request's latency counts from the moment when it was due, not from when a connection was free for it: a service that stalls can't hide
//! the requests that it kept waiting. Memory and connections are bounded: requests that are due are a number, not a queue.

mod arguments;
pub(crate) use arguments::LoadCommand;
mod quantity;
mod target;
mod consent;
mod trust;
mod connection;
mod pool;
mod users;
mod operation;
mod scenario;
mod run;
mod rehearsal;
mod performance;
mod flow;
mod interrupt;
mod outcome;
mod measurements;
mod progress;
mod verdict;
mod report;
