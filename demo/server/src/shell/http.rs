//! The routes.
//!
//! Owns paths, status codes and cache headers; must not decide what a request may do to a run.

use super::{
    config::Config,
    docs::{self, Docs},
    driver::{Driver, Stopped},
    guard::{self, Guard},
    link::{Condition, Links, NoLink},
    metrics,
    pipe::{self, Failed},
    posts::{self, Posts},
    rooms::{Place, Rooms},
    stream,
    streams::{
        self, Streams,
        notices::{self, Notices},
    },
};
use crate::core::{command::Refusal, definition::Definition, docs::terms::is_name};
use axum::{
    Extension, Json, Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Path, Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use tower_http::services::ServeDir;

/// The DAG that a page shows unless it is asked for another.
const DEFAULT_DAG: &str = "default";
/// Bytes of a POST.
const BODY_BYTES: usize = 4 << 10;
/// A frame up to this many times the limit is read, so that the peer can be told; a larger one ends the socket.
const READ_FACTOR: usize = 4;
/// Bytes read from a socket at a time. Each connection holds as many for good: clients say little, and at the library's
/// usual 128 KiB a thousand of them would hold as many megabytes.
const READ_BYTES: usize = 8 << 10;
/// How soon a room without a holder is looked for again.
const AGAIN: Duration = Duration::from_millis(200);

/// What the routes need.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) rooms: Rooms,
    pub(super) links: Links,
    pub(super) definitions: Arc<Vec<Definition>>,
    /// Nothing where another proxy is in front: its ways cannot be broken here.
    pub(super) proxy_port: Option<u16>,
    pub(super) frame: usize,
    pub(super) streams: Streams,
    pub(super) notices: Notices,
    pub(super) posts: Posts,
    pub(super) docs: Docs,
}

/// All routes, behind the guard.
pub(super) fn router(app: App, guard: Guard, config: &Config) -> Router {
    let pages = if config.web.join("index.html").is_file() {
        Router::new().fallback_service(ServeDir::new(&config.web)).layer(middleware::from_fn(cache))
    } else {
        Router::new().fallback(missing_pages)
    };
    let of_rooms = Router::new()
        .route("/api/dags/{dag_id}", get(state))
        .route("/api/dags/{dag_id}/start", post(start))
        // Its body was bounded when the room was looked for.
        .route("/api/dags/{dag_id}/stream", get(connect).post(say).layer(DefaultBodyLimit::disable()))
        .route_layer(middleware::from_fn_with_state(app.clone(), locate));
    Router::new()
        .merge(of_rooms)
        .route("/api/config", get(configuration))
        .route("/api/dags", get(list))
        .route("/api/network", post(network))
        .route("/api/docs/{id}", get(document))
        .route("/api/{*rest}", get(unknown))
        .route("/metrics", get(numbers))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(app.clone())
        .merge(streams::http::router(app.streams))
        .merge(notices::http::router(app.notices))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn(no_store))
        .merge(pages)
        .layer(middleware::from_fn_with_state(guard, guard::check))
}

async fn configuration(State(app): State<App>) -> Json<Value> {
    let default = app.definitions.iter().find(|dag| dag.id == DEFAULT_DAG).or_else(|| app.definitions.first());
    Json(json!({
        "dag": default.map(|dag| &dag.id),
        "dags": summaries(&app.definitions),
        "proxy": app.proxy_port.map(|port| json!({ "port": port })),
    }))
}

async fn list(State(app): State<App>) -> Json<Value> {
    Json(summaries(&app.definitions))
}

async fn state(room: Option<Extension<Driver>>, Path(dag_id): Path<String>) -> Result<Response, Failure> {
    let Extension(driver) = room.ok_or_else(unavailable)?;
    let state = driver.state(dag_id).await.map_err(|_| unavailable())?;
    Ok(state.map(Json).ok_or_else(unknown_dag)?.into_response())
}

async fn start(room: Option<Extension<Driver>>, Path(dag_id): Path<String>) -> Result<Json<Value>, Failure> {
    let Extension(driver) = room.ok_or_else(unavailable)?;
    let run_id = driver.start_run(dag_id).await??;
    Ok(Json(json!({ "run_id": run_id })))
}

async fn connect(
    State(app): State<App>,
    room: Option<Extension<Driver>>,
    Path(dag_id): Path<String>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let room = room.map(|Extension(driver)| driver);
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        // No handshake: the same over HTTP, if that is what is wanted.
        Err(_) if accepts_events(&headers) => {
            return Ok(match room {
                Some(driver) => app.posts.open(driver, dag_id).await?,
                None => posts::refuse(),
            });
        }
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let most = app.frame.saturating_mul(READ_FACTOR);
    let upgrade = upgrade.max_message_size(most).max_frame_size(most).read_buffer_size(READ_BYTES);
    Ok(match room {
        Some(driver) => upgrade.on_upgrade(move |socket| stream::serve(socket, driver, dag_id)),
        // A refused handshake cannot be read by a browser.
        None => upgrade.on_upgrade(stream::refuse),
    })
}

/// A frame of a connection whose other half is an event stream. The answers come there.
async fn say(
    State(app): State<App>,
    room: Option<Extension<Driver>>,
    Path(dag_id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Failure> {
    let Extension(_) = room.ok_or_else(unavailable)?;
    app.posts.take(&dag_id, &headers, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/event-stream"))
}

/// Finds the room of a request: hands it its driver, or passes it on to the process that has the room. A room that is
/// about to have a holder again is waited for; without a driver, the handlers say that there is none.
async fn locate(
    State(app): State<App>,
    Path(dag_id): Path<String>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if !app.definitions.iter().any(|dag| dag.id == dag_id) {
        return Err(unknown_dag().into());
    }
    let (parts, body) = request.into_parts();
    let too_large = |_| Refusal::new("too_large", "the body is too large");
    // Frames that are too long are read, as they are of a WebSocket, so that the client can be told.
    let is_frame = parts.uri.path().ends_with("/stream");
    let most = if is_frame { app.frame.saturating_mul(READ_FACTOR) } else { BODY_BYTES };
    let body = to_bytes(body, most).await.map_err(too_large)?;
    let request = || Request::from_parts(parts.clone(), Body::from(body.clone()));
    let passed_on = parts.headers.contains_key(pipe::PASSED_ON);
    let mut tries = app.rooms.patience().as_millis() / AGAIN.as_millis();
    loop {
        match app.rooms.find(&dag_id).await {
            Place::Here(driver) => {
                let mut request = request();
                request.extensions_mut().insert(driver);
                return Ok(next.run(request).await);
            }
            // Who passed it on looks again.
            Place::There(_) if passed_on => return Ok(StatusCode::MISDIRECTED_REQUEST.into_response()),
            Place::There(holder) => {
                let moved = {
                    let (rooms, dag_id, lease) = (app.rooms.clone(), dag_id.clone(), holder.lease);
                    async move { rooms.moved(&dag_id, &lease).await }
                };
                match pipe::pass_on(request(), holder.address, moved).await {
                    Ok(response) if response.status() != StatusCode::MISDIRECTED_REQUEST => return Ok(response),
                    // What may have been done already is not asked for again.
                    Err(Failed::Unanswered) if parts.method != Method::GET => return Err(unavailable().into()),
                    Ok(_) | Err(_) => {}
                }
            }
            Place::Soon => {}
            Place::Away => return Ok(next.run(request()).await),
        }
        if tries == 0 {
            return Ok(next.run(request()).await);
        }
        tries -= 1;
        sleep(AGAIN).await;
    }
}

#[derive(Deserialize)]
struct NetworkOrder {
    link: String,
    action: Condition,
}

async fn network(State(app): State<App>, Json(order): Json<NetworkOrder>) -> Result<Json<Value>, Failure> {
    if app.proxy_port.is_none() {
        let why = "several processes are behind another proxy here: kill one of them instead";
        return Err(Refusal::new("no_proxy", why).into());
    }
    let connections = app.links.set(&order.link, order.action).map_err(|error| match error {
        NoLink::BadKey => Refusal::new("bad_link", "a link is 1 to 64 letters, digits, '-' and '_'"),
        NoLink::Full => Refusal::new("full", "too many links are in use"),
    })?;
    Ok(Json(json!({ "link": order.link, "action": order.action, "connections": connections })))
}

/// A shared document. Its name is what `y-websocket` calls a room.
async fn document(State(app): State<App>, Path(id): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    let most = app.docs.frame();
    let upgrade = upgrade.max_message_size(most).max_frame_size(most).read_buffer_size(READ_BYTES);
    if is_name(&id) {
        upgrade.on_upgrade(move |socket| docs::serve(socket, app.docs, id))
    } else {
        upgrade.on_upgrade(docs::refuse)
    }
}

async fn numbers(State(app): State<App>) -> Result<Response, Failure> {
    let page = metrics::render(&app.rooms.stats().await?) + &app.streams.metrics() + &app.docs.metrics();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response())
}

async fn unknown() -> Failure {
    Refusal::new("not_found", "there is nothing here").into()
}

async fn missing_pages() -> (StatusCode, Html<&'static str>) {
    let page = "<!doctype html><meta charset=utf-8><title>everwire</title>\
        <style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>\
        <h1>The server runs; its pages are not built</h1>\
        <p>Run <code>make demo</code>, or build <code>demo/web</code> and start the server again.\
        <p><a href=/api/config>/api/config</a> and <a href=/metrics>/metrics</a> answer already.";
    (StatusCode::NOT_FOUND, Html(page))
}

/// Names with a hash in them never change; everything else is asked for again each time.
async fn cache(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let value =
        if hashed && response.status().is_success() { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    response
}

/// Nothing here is worth keeping, unless it says otherwise.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn summaries(definitions: &[Definition]) -> Value {
    definitions.iter().map(|dag| json!({ "id": dag.id, "title": dag.title, "description": dag.description })).collect()
}

fn unavailable() -> Refusal {
    Refusal::new("unavailable", "no process can serve this at the moment")
}

fn unknown_dag() -> Refusal {
    Refusal::new("unknown_dag", "there is no such DAG")
}

/// What a request is told that was not done: `{code, message}`.
struct Failure(Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Self {
        Self(Refusal::new("stopping", "the server is stopping"))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.code {
            "unknown_dag" | "not_found" => StatusCode::NOT_FOUND,
            "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            "forbidden" => StatusCode::FORBIDDEN,
            "gone" => StatusCode::GONE,
            "running" => StatusCode::CONFLICT,
            "stopping" | "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "full" => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({ "code": self.0.code, "message": self.0.message }))).into_response()
    }
}
