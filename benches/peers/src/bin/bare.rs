//! The floor: the same routes on axum and sqlx, without any protection, log or metric.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use peers::serve::{Arguments, Result, serve};
use peers::store::{Store, User};
use peers::view::{Note, NoteView, Page, UserView, WhoAmI};
use serde::Deserialize;

/// The database, and the one user, from memory.
#[derive(Clone)]
struct Bare {
    store: Store,
    user: Arc<User>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let store = Store::open(&arguments.folder).await?;
    let Some(address) = arguments.address else {
        return Ok(store.add_user("uma", "user", "", jiff::Timestamp::now().as_microsecond()).await?);
    };
    let user = Arc::new(store.user_by_name("uma").await?.ok_or("no user: seed first")?);
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/whoami", get(whoami))
        .route("/users/me", get(me))
        .route("/notes", get(list).post(create))
        .route("/notes/{id}", get(read))
        .with_state(Bare { store, user });
    // The same routes with the headers that notes puts on every answer, to tell what they cost.
    let router = if std::env::var_os("PEER_HEADERS").is_some() { peers::headers::on(router) } else { router };
    serve(router, address, arguments.tls.as_ref()).await
}

async fn whoami(State(bare): State<Bare>) -> Json<WhoAmI> {
    Json(WhoAmI { sub: bare.user.id.clone(), role: bare.user.role.clone() })
}

async fn me(State(bare): State<Bare>) -> Json<UserView> {
    Json(User::clone(&bare.user).into())
}

async fn read(State(bare): State<Bare>, Path(id): Path<String>) -> std::result::Result<Json<NoteView>, StatusCode> {
    let note = bare.store.note(&id).await.map_err(failed)?;
    Ok(Json(note.ok_or(StatusCode::NOT_FOUND)?.into()))
}

#[derive(Deserialize)]
struct Limit {
    limit: i64,
}

async fn list(State(bare): State<Bare>, Query(Limit { limit }): Query<Limit>) -> std::result::Result<Json<Page>, StatusCode> {
    let notes = bare.store.notes(&bare.user.id, limit).await.map_err(failed)?;
    Ok(Json(Page { items: notes.into_iter().map(NoteView::from).collect(), next: None }))
}

#[derive(Deserialize)]
struct NewNote {
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    tags: Vec<String>,
}

async fn create(State(bare): State<Bare>, Json(new): Json<NewNote>) -> std::result::Result<impl IntoResponse, StatusCode> {
    let note = Note::new(bare.user.id.clone(), new.title, new.body, &new.tags);
    bare.store.insert(&note).await.map_err(failed)?;
    let place = format!("/notes/{}", note.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(NoteView::from(note))))
}

fn failed(_: sqlx::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
