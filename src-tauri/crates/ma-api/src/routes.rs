//! The one table of routes: the router, the OpenAPI document and the reviewed list come from it.

use crate::{
    body::BodyRule,
    call::{self, Call},
    door::Door,
    gate::{self, Hosts},
    handlers,
    query::Parameter,
    refusal::{INTERNAL, NO_SUCH_PATH, Refusal, WRONG_METHOD},
};
use axum::{
    Router,
    extract::{Extension, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use ma_protocol::path;
use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + Send>>;

/// The methods that there are. Nothing can be taken away, so there is no third one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// Who gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Open,
    /// Anybody, but seldom: each one asks for the human's attention.
    Pairing,
    Key,
}

pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) admission: Admission,
    pub(crate) query: &'static [Parameter],
    pub(crate) body: BodyRule,
    /// The status of success, and the schema of its body.
    pub(crate) success: (u16, &'static str),
    pub(crate) handler: fn(Call) -> Answer,
}

pub(crate) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: path::HELLO,
        operation: "hello",
        summary: "The app proves which installation it is, before it is sent a key.",
        admission: Admission::Open,
        query: &[Parameter::Nonce],
        body: BodyRule::None,
        success: (200, "Hello"),
        handler: |call| Box::pin(async move { handlers::hello(&call) }),
    },
    Route {
        verb: Verb::Post,
        path: path::PAIRINGS,
        operation: "request_pairing",
        summary: "Asks to connect. The human compares the code and confirms with a passkey.",
        admission: Admission::Pairing,
        query: &[],
        body: BodyRule::Small("NewPairing"),
        success: (201, "Pairing"),
        handler: |call| Box::pin(handlers::request_pairing(call)),
    },
    Route {
        verb: Verb::Get,
        path: "/v1/pairings/{id}",
        operation: "read_pairing",
        summary: "How a request to connect stands. Waits for a change if asked to.",
        admission: Admission::Open,
        query: &[Parameter::Wait],
        body: BodyRule::None,
        success: (200, "Pairing"),
        handler: |call| Box::pin(handlers::pairing(call)),
    },
    Route {
        verb: Verb::Get,
        path: path::CONNECTIONS,
        operation: "list_connections",
        summary: "The connected accounts and what each can do.",
        admission: Admission::Key,
        query: &[],
        body: BodyRule::None,
        success: (200, "Connections"),
        handler: |call| Box::pin(handlers::connections(call)),
    },
    Route {
        verb: Verb::Post,
        path: path::PROPOSALS,
        operation: "propose",
        summary: "Puts an action forward. It waits for the human. The same content again, while it is open, is the same proposal.",
        admission: Admission::Key,
        query: &[],
        body: BodyRule::Large("NewProposal"),
        success: (202, "Proposal"),
        handler: |call| Box::pin(handlers::propose(call)),
    },
    Route {
        verb: Verb::Get,
        path: path::PROPOSALS,
        operation: "list_proposals",
        summary: "Your own proposals, newest first.",
        admission: Admission::Key,
        query: &[Parameter::Open, Parameter::Limit],
        body: BodyRule::None,
        success: (200, "Proposals"),
        handler: |call| Box::pin(handlers::list(call)),
    },
    Route {
        verb: Verb::Get,
        path: "/v1/proposals/{id}",
        operation: "read_proposal",
        summary: "How a proposal stands. Waits for its end if asked to.",
        admission: Admission::Key,
        query: &[Parameter::Wait],
        body: BodyRule::None,
        success: (200, "Proposal"),
        handler: |call| Box::pin(handlers::proposal(call)),
    },
    Route {
        verb: Verb::Post,
        path: "/v1/proposals/{id}/withdraw",
        operation: "withdraw_proposal",
        summary: "Takes a pending proposal back.",
        admission: Admission::Key,
        query: &[],
        body: BodyRule::Optional("Withdrawal"),
        success: (200, "Proposal"),
        handler: |call| Box::pin(handlers::withdraw(call)),
    },
    Route {
        verb: Verb::Get,
        path: path::OPENAPI,
        operation: "openapi",
        summary: "This contract.",
        admission: Admission::Open,
        query: &[],
        body: BodyRule::None,
        success: (200, ""),
        handler: |_| Box::pin(async { Ok(handlers::openapi()) }),
    },
];

/// A route, as a reviewer or a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteLine {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with `{id}` for an id.
    pub path: &'static str,
    /// Its name in the OpenAPI document.
    pub operation: &'static str,
    /// It answers only to a key.
    pub needs_key: bool,
    /// What it does.
    pub summary: &'static str,
}

/// Every route.
pub fn routes() -> Vec<RouteLine> {
    ROUTES
        .iter()
        .map(|route| RouteLine {
            method: route.verb.name(),
            path: route.path,
            operation: route.operation,
            needs_key: route.admission == Admission::Key,
            summary: route.summary,
        })
        .collect()
}

impl Verb {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

/// What `Allow` says for a path.
pub(crate) fn allowed(path: &str) -> &'static str {
    let has = |verb| ROUTES.iter().any(|r| r.verb == verb && fits(r.path, path));
    match (has(Verb::Get), has(Verb::Post)) {
        (true, false) => "GET",
        (false, true) => "POST",
        (true, true) | (false, false) => "GET, POST",
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    pattern.split('/').all(|p| {
        segments
            .next()
            .is_some_and(|s| p == s || (p == "{id}" && !s.is_empty()))
    }) && segments.next().is_none()
}

/// The door of one listener.
pub(crate) fn router(door: Arc<Door>, local: SocketAddr) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let handler = move |State(door): State<Arc<Door>>, request: Request| async move {
            call::run(route, door, request).await
        };
        router = router.route(route.path, on(route.verb.filter(), handler));
    }
    router
        .fallback(async || Refusal::from(NO_SUCH_PATH))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(door.clone(), gate::gate))
        .layer(Extension(Hosts::of(local)))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Refusal::from(INTERNAL).into_response()
        }))
        .layer(always(header::CACHE_CONTROL, "no-store"))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .with_state(door)
}

async fn wrong_method(request: Request) -> Refusal {
    let allowed = allowed(request.uri().path());
    Refusal::from(WRONG_METHOD).with(header::ALLOW, HeaderValue::from_static(allowed))
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
