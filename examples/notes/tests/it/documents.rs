//! The documentation and who may read it.

use portcullis_testing::{Backend, TestApp, World, check_uniform};

use crate::support::start;

on_both! {
    the_document_describes_exactly_what_is_mounted
}

async fn the_document_describes_exactly_what_is_mounted(app: TestApp) {
    let document = app.anonymous().get("/openapi.json").await.json();
    let mut described: Vec<String> = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            described.push(format!("{} {path}", method.to_uppercase()));
            let is_open = operation["security"].as_array().unwrap().is_empty();
            assert_eq!(is_open, operation["x-access"].as_str().unwrap().starts_with("public"), "{method} {path}");
            for status in ["400", "401", "429", "500", "503"] {
                assert!(operation["responses"][status].is_object(), "{method} {path} {status}");
            }
        }
    }
    let mut mounted: Vec<String> =
        app.matrix().lines().skip(1).map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    described.sort();
    mounted.sort();
    assert_eq!(described, mounted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_documentation_is_not_there_and_private_documentation_asks_who_it_is() {
    let pages = ["/openapi.json", "/docs", "/redoc", "/docs/assets/docs.css"];
    let Some(world) = World::new(Backend::Sqlite) else { return };
    let app = start(world.with("DOCS__ACCESS", "off")).await;
    for page in pages {
        assert_eq!(app.anonymous().get(page).await.status, 404, "{page}");
    }
    let app = start(World::new(Backend::Sqlite).unwrap().with("DOCS__ACCESS", "authenticated")).await;
    let alice = app.user("alice").await;
    for page in pages {
        assert_eq!(app.anonymous().get(page).await.status, 401, "{page}");
        let answer = alice.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        check_uniform(&answer);
    }
}
