use std::sync::Arc;

use portcullis_testing::{Backend, Caller, TestApp, World};
use serde_json::{Value, json};

/// The notes example in a new world.
pub(crate) async fn notes(backend: Backend) -> Option<TestApp> {
    let world = World::new(backend)?;
    Some(start(world).await)
}

/// The notes example in this world.
pub(crate) async fn start(world: World) -> TestApp {
    TestApp::start(notes::app(World::accounts()), &Arc::new(world)).await
}

/// A note of this caller.
pub(crate) async fn write_note(caller: &Caller, title: &str) -> Value {
    let answer = caller.post("/notes", &json!({"title": title, "body": "text", "tags": ["a", "b-c"]})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

pub(crate) fn path_of(note: &Value) -> String {
    format!("/notes/{}", note["id"].as_str().unwrap())
}
