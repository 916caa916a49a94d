//! The bare server of the comparison: axum, one route, no protection at all.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, Router::new().route("/whoami", get(whoami))).await
}

async fn whoami() -> Json<Value> {
    Json(json!({"sub": "01a20b76-fb4e-7ed4-ad5f-46067403a17e", "role": "user"}))
}
