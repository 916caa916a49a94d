//! What an expert assembles by hand on axum: tokens, validation, limits, headers, a JSON log and metrics from the libraries that one takes.

mod auth;
mod layers;
mod routes;

use std::fs::File;
use std::path::Path;

use peers::serve::{Arguments, Result, serve};
use peers::store::Store;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let store = Store::open(&arguments.folder).await?;
    let Some(address) = arguments.address else {
        let hash = auth::hash("correct horse battery staple")?;
        return Ok(store.add_user("uma", "user", &hash, jiff::Timestamp::now().as_microsecond()).await?);
    };
    let _guard = log_to(&arguments.folder.join("log"))?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let state = routes::App { store, tokens: auth::Tokens::new(&rand_secret()), hashing: auth::hashing_permits(), metrics };
    serve(layers::around(routes::router(state))?, address, arguments.tls.as_ref()).await
}

/// JSON lines through tracing-appender's thread, the fastest sink that tracing documents; none is lost.
fn log_to(path: &Path) -> Result<WorkerGuard> {
    let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(File::create(path)?);
    tracing_subscriber::fmt().json().with_writer(writer).with_current_span(true).with_span_list(false).init();
    Ok(guard)
}

fn rand_secret() -> [u8; 32] {
    let mut secret = [0; 32];
    for half in secret.chunks_mut(16) {
        half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    secret
}
