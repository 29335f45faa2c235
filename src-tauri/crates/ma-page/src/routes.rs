//! The routes of the page.

use crate::Assets;
use crate::guard::{Host, guard};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use ma_engine::Engine;
use ma_engine::view::{PageAnswer, PageView, Refusal};
use serde::Deserialize;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Every route: method, path, what it does.
pub const ROUTES: [(&str, &str, &str); 5] = [
    ("GET", "/c/{token}", "the page, once"),
    ("GET", "/page.js", "its script"),
    ("GET", "/page.css", "its style sheet"),
    ("POST", "/finish", "the passkey's answer, once"),
    ("POST", "/cancel", "the person closed the page"),
];

/// Why the page cannot be served.
#[derive(Debug, Error)]
pub enum PageError {
    /// An address that is not on this computer only.
    #[error("{0} is not a loopback address")]
    NotLoopback(std::net::SocketAddr),
    /// The system's words.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

#[derive(Clone)]
struct Page {
    engine: Arc<Engine>,
    assets: Assets,
}

const LARGEST_ANSWER: usize = 64 << 10;
const AT_ONCE: usize = 32;

/// Serves the page on these listeners until one of them fails.
pub async fn serve(
    listeners: Vec<TcpListener>,
    engine: Arc<Engine>,
    assets: Assets,
) -> Result<(), PageError> {
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(PageError::NotLoopback(address));
        }
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let app = router(Arc::clone(&engine), assets, address.port());
        servers.spawn(async move { axum::serve(listener, app).await });
    }
    while let Some(ended) = servers.join_next().await {
        ended.map_err(std::io::Error::other)??;
    }
    Ok(())
}

fn router(engine: Arc<Engine>, assets: Assets, port: u16) -> Router {
    Router::new()
        .route("/c/{token}", get(page))
        .route("/page.js", get(script))
        .route("/page.css", get(style))
        .route("/finish", post(finish))
        .route("/cancel", post(cancel))
        .with_state(Page { engine, assets })
        .layer(middleware::from_fn_with_state(
            Host(format!("localhost:{port}")),
            guard,
        ))
        .layer(RequestBodyLimitLayer::new(LARGEST_ANSWER))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_secs(20),
        ))
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
}

const SLOT: &str = "<script type=\"application/json\" id=\"page\">";

async fn page(State(page): State<Page>, Path(token): Path<String>) -> Response {
    match page.engine.open_page(&token).await {
        Ok(view) => match fill(page.assets.html, &view) {
            Some(html) => Html(html).into_response(),
            None => (StatusCode::INTERNAL_SERVER_ERROR, "The page is damaged.").into_response(),
        },
        Err(refusal) => (StatusCode::GONE, Html(sorry(&refusal))).into_response(),
    }
}

/// Puts the ceremony into the page's JSON block. Nothing in it can close the block.
fn fill(html: &str, view: &PageView) -> Option<String> {
    let json = serde_json::to_string(view).ok()?.replace('<', "\\u003c");
    let (before, rest) = html.split_once(SLOT)?;
    let (_, after) = rest.split_once("</script>")?;
    Some(format!("{before}{SLOT}{json}</script>{after}"))
}

/// A page without a script, for an address that no longer works.
fn sorry(refusal: &Refusal) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Mechanical Advantage</title>\
         <link rel=\"stylesheet\" href=\"/page.css\"></head>\
         <body><main class=\"page\"><h1>{}</h1><p>{}</p></main></body></html>",
        escape(&refusal.message),
        escape(&refusal.next)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

async fn script(State(page): State<Page>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        page.assets.js,
    )
        .into_response()
}

async fn style(State(page): State<Page>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        page.assets.css,
    )
        .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    secret: String,
}

fn read<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, Box<Response>> {
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(';').next().map(str::trim) == Some("application/json"));
    let refuse = |status: StatusCode, code: &str| {
        Box::new(
            (
                status,
                Json(Refusal {
                    code: code.to_owned(),
                    message: "The answer cannot be read. Nothing was approved.".to_owned(),
                    next: "Open the item in the window and start again.".to_owned(),
                }),
            )
                .into_response(),
        )
    };
    if !json {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"));
    }
    serde_json::from_slice(body).map_err(|_| refuse(StatusCode::BAD_REQUEST, "unreadable"))
}

async fn finish(State(page): State<Page>, headers: HeaderMap, body: Bytes) -> Response {
    let answer: PageAnswer = match read(&headers, &body) {
        Ok(answer) => answer,
        Err(response) => return *response,
    };
    match page.engine.finish_page(answer).await {
        Ok(reply) => Json(reply).into_response(),
        Err(refusal) => {
            tracing::info!(code = refusal.code, "a gesture was refused");
            (StatusCode::FORBIDDEN, Json(refusal)).into_response()
        }
    }
}

async fn cancel(State(page): State<Page>, headers: HeaderMap, body: Bytes) -> Response {
    match read::<Cancel>(&headers, &body) {
        Ok(cancel) => {
            page.engine.cancel_page(&cancel.secret).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => *response,
    }
}
