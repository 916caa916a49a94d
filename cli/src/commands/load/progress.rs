use std::borrow::Cow;
use std::io::{self, IsTerminal as _};
use std::sync::PoisonError;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::flow::Shared;
use super::operation::Kind;
use super::outcome::Judgement;

/// The bar at the terminal; nothing where standard error is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn begin() -> Self {
        Self(ProgressBar::with_draw_target(None, target()))
    }

    pub(super) fn none() -> Self {
        Self(ProgressBar::hidden())
    }

    /// What goes on before the load.
    pub(super) fn say(&self, text: impl Into<Cow<'static, str>>) {
        self.0.set_style(style("{msg}"));
        self.0.set_message(text);
        self.0.tick();
    }

    /// Shows the load until it is dropped.
    pub(super) async fn follow(&self, shared: &Shared, time: Duration) {
        self.0.set_style(style("[{bar:20}] {wide_msg}"));
        self.0.set_length(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let mut tick = tokio::time::interval(REDRAW);
        loop {
            tick.tick().await;
            if self.0.is_hidden() {
                return std::future::pending().await;
            }
            let elapsed = shared.began.elapsed().min(time);
            self.0.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
            self.0.set_message(line(shared, elapsed, time));
        }
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn line(shared: &Shared, elapsed: Duration, time: Duration) -> String {
    let measurements = shared.measurements.lock().unwrap_or_else(PoisonError::into_inner);
    let (expected, shed, unexpected) =
        (measurements.count(Judgement::Expected), measurements.count(Judgement::Shed), measurements.count(Judgement::Unexpected));
    let mut line = format!("{}/{} s  {expected} answered", elapsed.as_secs(), time.as_secs());
    for (number, what) in [(shed, "shed"), (unexpected, "unexpected")] {
        if number > 0 {
            line.push_str(&format!("  {number} {what}"));
        }
    }
    line.push_str("  p99");
    for kind in Kind::ALL {
        let latencies = measurements.latencies(kind, |_| true);
        if !latencies.is_empty() {
            line.push_str(&format!(" {kind} {}", super::report::milliseconds(latencies.value_at_quantile(0.99))));
        }
    }
    line
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

fn target() -> ProgressDrawTarget {
    if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

const REDRAW: Duration = Duration::from_millis(250);
