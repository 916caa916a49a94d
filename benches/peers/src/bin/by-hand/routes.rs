//! The routes, with their checks.

use std::sync::{Arc, LazyLock};

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use garde::Validate as _;
use garde::rules::pattern::regex::Regex;
use metrics_exporter_prometheus::PrometheusHandle;
use peers::store::Store;
use peers::view::{Note, NoteView, Page, TokenAnswer, UserView, WhoAmI};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::auth::{Claims, Tokens, is_right};

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) metrics: PrometheusHandle,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/metrics", get(async |State(app): State<App>| app.metrics.render()))
        .route("/token", post(log_in))
        .route("/whoami", get(whoami))
        .route("/users/me", get(me))
        .route("/notes", get(list).post(create))
        .route("/notes/{id}", get(read))
        .with_state(app)
}

async fn whoami(claims: Claims) -> Json<WhoAmI> {
    Json(WhoAmI { sub: claims.sub, role: claims.role })
}

async fn me(State(app): State<App>, claims: Claims) -> Result<Json<UserView>, StatusCode> {
    let user = app.store.user(&claims.sub).await.map_err(failed)?.filter(|user| !user.disabled);
    Ok(Json(user.ok_or(StatusCode::UNAUTHORIZED)?.into()))
}

/// The token decides who reads; a foreign note is as missing.
async fn read(State(app): State<App>, claims: Claims, Path(id): Path<String>) -> Result<Json<NoteView>, StatusCode> {
    let note = app.store.note(&id).await.map_err(failed)?.filter(|note| note.owner == claims.sub);
    Ok(Json(note.ok_or(StatusCode::NOT_FOUND)?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: i64,
}

async fn list(State(app): State<App>, claims: Claims, Query(Limit { limit }): Query<Limit>) -> Result<Json<Page>, StatusCode> {
    if !(1..=100).contains(&limit) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut notes = app.store.notes(&claims.sub, limit + 1).await.map_err(failed)?;
    let more = notes.len() > usize::try_from(limit).unwrap_or_default();
    notes.truncate(usize::try_from(limit).unwrap_or_default());
    let next = notes.last().filter(|_| more).map(|note| note.id.clone());
    Ok(Json(Page { items: notes.into_iter().map(NoteView::from).collect(), next }))
}

#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
struct NewNote {
    #[garde(length(chars, min = 1, max = 200))]
    title: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000))]
    body: String,
    #[serde(default)]
    #[garde(length(max = 20), inner(pattern(SLUG)))]
    tags: Vec<String>,
}

async fn create(State(app): State<App>, claims: Claims, Json(new): Json<NewNote>) -> Result<Response, Response> {
    new.validate().map_err(|report| (StatusCode::UNPROCESSABLE_ENTITY, Json(report)).into_response())?;
    let note = Note::new(claims.sub, new.title, new.body, &new.tags);
    app.store.insert(&note).await.map_err(|error| failed(error).into_response())?;
    let place = format!("/notes/{}", note.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(NoteView::from(note))).into_response())
}

#[derive(Deserialize)]
struct LogIn {
    username: String,
    password: String,
}

async fn log_in(State(app): State<App>, Form(form): Form<LogIn>) -> Result<Json<TokenAnswer>, StatusCode> {
    let user = app.store.user_by_name(&form.username).await.map_err(failed)?.filter(|user| !user.disabled);
    let user = user.ok_or(StatusCode::UNAUTHORIZED)?;
    if !is_right(form.password, user.password_hash, app.hashing).await {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let access_token = app.tokens.sign(user.id, user.role).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(TokenAnswer { access_token, token_type: "bearer", expires_in: 1800 }))
}

fn failed(error: sqlx::Error) -> StatusCode {
    tracing::error!(%error, "the database failed");
    StatusCode::INTERNAL_SERVER_ERROR
}

static SLUG: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z0-9]+(-[a-z0-9]+)*$").expect("a pattern"));
