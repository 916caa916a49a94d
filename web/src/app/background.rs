use std::sync::Arc;
use std::time::Duration;

use super::keep::look_after_streams;
use super::module::{Module, Started, Starting};
use super::pipeline::Pipeline;
use super::start_error::StartError;

/// Starts a module, in bounded time.
pub(super) async fn start_in_time(module: &dyn Module, starting: &Starting) -> Result<Started, StartError> {
    let late = |_| Err(StartError::new(format_args!("the database did not answer within {} seconds", MODULE_START.as_secs())));
    tokio::time::timeout(MODULE_START, module.start(starting)).await.unwrap_or_else(late)
}

/// Begins what goes on beside requests, until the service ends.
pub(super) fn begin_upkeep(pipeline: &Arc<Pipeline>) {
    summarize_refusals(pipeline);
    look_after_streams(pipeline);
}

/// Writes the lines about refused requests that have none of their own.
fn summarize_refusals(pipeline: &Arc<Pipeline>) {
    let weak = Arc::downgrade(pipeline);
    pipeline.runtime.spawner().spawn_until_shutdown(async move {
        loop {
            tokio::time::sleep(SUMMARY_INTERVAL).await;
            let Some(pipeline) = weak.upgrade() else { break };
            pipeline.log.summarize(pipeline.runtime.clock().now(), false);
        }
    });
}

/// How often it is looked whether lines about refused requests are due.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a module may take to start: to wait for ever says nothing to the operator.
const MODULE_START: Duration = Duration::from_secs(60);
