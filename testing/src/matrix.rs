use std::path::Path;

use bytes::Bytes;
use http::Method;

use crate::{Answer, Caller, TestApp};

/// Checks the access matrix against a golden file, and every cell of it against the running service.
///
/// `callers` are the columns: who stands for `anonymous` and for each role. `foreign` names, for path templates, a real object that is
/// none of theirs; other templates are called with an object that isn't there. `UPDATE_GOLDEN=1` writes the golden file anew.
///
/// A cell says `yes` (anything but 401 and 403), `401`, `403`, or `own`: an object that isn't the caller's, so 404.
pub async fn check_matrix(app: &TestApp, golden: &Path, callers: &[(&str, &Caller)], foreign: &[(&str, &str)]) {
    compare(app.matrix(), golden);
    let mut lines = app.matrix().lines();
    let columns: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    for line in lines {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [method, path, ..] = cells.as_slice() else { panic!("no row: {line}") };
        for (name, caller) in callers {
            let column = columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
            let cell = cells.get(column).copied().unwrap_or("").trim_end_matches('*');
            if method == &"POST" && path.starts_with("/logout") && cell == "yes" {
                // It would end the session that the other rows need; whether it lets the caller pass is tested where it is.
                continue;
            }
            let object = foreign.iter().find(|(template, _)| template == path).map_or(MISSING, |(_, id)| *id);
            let answer = knock(caller, method, &path.replace("{id}", object)).await;
            let fits = match cell {
                "yes" => !matches!(answer.status, 401 | 403),
                "own" => answer.status == 404,
                refusal => answer.status.to_string() == refusal,
            };
            assert!(fits, "{method} {path} as {name}: the matrix says {cell}, the service {answer:?}");
        }
    }
}

/// Calls an endpoint with nothing right but the path: the gate comes before the body is looked at. What is below a raw router's prefix
/// stands there with a `*` for the method and the rest of the path.
pub(crate) async fn knock(caller: &Caller, method: &str, path: &str) -> Answer {
    let method: Method = if method == "*" { Method::GET } else { method.parse().unwrap() };
    let path = path.replace("{id}", MISSING).replace("{file}", "none.css").replace('*', "nothing");
    let response = caller.request(method, &path).header("sec-fetch-site", "same-origin").send().await.unwrap();
    if response.headers().get("content-type").is_some_and(|media_type| media_type == "text/event-stream") {
        // It may have no end.
        return Answer { status: response.status().as_u16(), headers: response.headers().clone(), body: Bytes::new() };
    }
    Answer::of(response).await
}

fn compare(matrix: &str, golden: &Path) {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run, not of the service")]
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    if update {
        std::fs::write(golden, matrix).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    assert!(
        matrix == expected,
        "the access matrix changed: look at every new row, then write it anew with UPDATE_GOLDEN=1\n--- {}\n{expected}\n--- now\n{matrix}",
        golden.display()
    );
}

/// The id of nothing.
const MISSING: &str = "01a20b76-fbe2-78ee-a610-85dc4692c438";
