//! The reference pages of the documentation say what a running service shows.

use std::collections::BTreeSet;

use portcullis_testing::{Backend, World};

use crate::support::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_metrics_lists_what_a_running_service_shows() {
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let app = start(world.with("RATE_LIMIT__CREDENTIALS", "1/h")).await;
    // A metric with labels shows only once something was counted: a refusal of the gate, and one of a rate limit.
    for _ in 0..2 {
        app.token("nobody", "wrong").await;
    }
    assert_eq!(app.anonymous().with_token("a.b.c").get("/whoami").await.status, 401);
    let (_, text) = app.management("/metrics").await;
    let shown: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| {
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            (format!("{name}{suffix}"), kind.to_owned())
        })
        .collect();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/metrics.md")).unwrap();
    let table = page.split("## Metrics").nth(1).unwrap().split("\n## ").next().unwrap();
    let written: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, rest)| (name.to_owned(), rest.split(" |").next().unwrap().to_owned()))
        .collect();
    assert_eq!(written, shown, "docs/reference/metrics.md is out of date");
}
