//! An application of many endpoints, for `cargo xtask bench scale`: how start, memory and a request grow with their number.
//!
//! `many NUMBER` serves them with the settings of the environment. Their number is only known here, so they are built as values, which is
//! what the attributes make of handlers, too.
#![expect(clippy::print_stderr, reason = "it says why it doesn't start")]

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;

use portcullis::prelude::*;
use portcullis::store::Migrations;
use portcullis::web::app::config::{Environment, Sections, Settings, Source};
use portcullis::web::app::{CallFuture, Endpoint, Module, StartError, Started, Starting, Verb};
use portcullis::web::extract::Call;
use portcullis::web::observe::LogSink;
use portcullis::web::respond::Answer as _;

/// Everybody's role.
#[derive(Debug, Role)]
enum Role {
    Guest,
}

/// So many endpoints.
#[derive(Debug)]
struct Many {
    count: u32,
}

/// What the module provides: nothing of use.
#[derive(Clone, Copy, Debug, Provider)]
struct Nothing;

/// What every one of them answers.
#[output]
struct Thing {
    name: &'static str,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = match arguments.as_slice() {
        [count] => count.parse().ok().filter(|count| (1..=MOST).contains(count)),
        _ => None,
    };
    let Some(count) = count else {
        eprintln!("usage: many NUMBER, the number of endpoints, 1 to {MOST}");
        return ExitCode::from(2);
    };
    match serve(Many { count }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(many: Many) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut app = App::<Role, ()>::new("Many").module::<Nothing>(many);
    let settings = app.settings(&Source { file: None, environment: Environment::of_process() })?;
    let running = app.start(settings, LogSink::stdout()).await?;
    running.shutdown().begin_on_signals()?;
    running.serve().await;
    Ok(())
}

impl Module for Many {
    fn migrations(&self) -> Migrations {
        Migrations { module: "many", steps: &[] }
    }

    fn endpoints(&self, _: &Settings, _: &Sections) -> Vec<&'static Endpoint> {
        (1..=self.count).map(endpoint).collect()
    }

    fn start<'a>(&'a self, _: &'a Starting) -> Pin<Box<dyn Future<Output = std::result::Result<Started, StartError>> + Send + 'a>> {
        Box::pin(async { Ok(Started::default().provide(Nothing)) })
    }
}

/// One of them; it lives as long as the process, as those of attributes do.
fn endpoint(number: u32) -> &'static Endpoint {
    let path = format!("/things-{number}/list").leak();
    let name = format!("list_things_{number}").leak();
    let builder = Endpoint::builder(Verb::Get, path, name).doc("List the things.").access(Public("a measurement").guard());
    Box::leak(Box::new(builder.dangerous_handler(&[], Json::<Thing>::describe, answer, "as many as the measurement asks for").build()))
}

fn answer(_: Call) -> CallFuture {
    Box::pin(async { Json(Thing { name: "thing" }).into_answer() })
}

const MOST: u32 = 10_000;
