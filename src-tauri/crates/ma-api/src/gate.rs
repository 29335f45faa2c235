//! What is refused by the head of a request alone, whoever sent it.

use crate::{
    door::Door,
    refusal::{
        FORWARDED, FROM_A_BROWSER, NOTHING_IS_DELETED, Refusal, UPGRADE, WRONG_HOST, WRONG_METHOD,
    },
    routes,
};
use axum::{
    extract::{Extension, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::Response,
};
use std::{net::SocketAddr, sync::Arc};

/// The names of one listener. Each listener has only its own: a program that took the other
/// family's port cannot pass a `Host` of its own on to us.
#[derive(Debug, Clone)]
pub(crate) struct Hosts([String; 2]);

impl Hosts {
    pub(crate) fn of(local: SocketAddr) -> Self {
        Self([local.to_string(), format!("localhost:{}", local.port())])
    }

    fn holds(&self, host: &str) -> bool {
        self.0.iter().any(|name| name == host)
    }
}

/// The `Host` that the client dialled, once it is known to be ours.
#[derive(Debug, Clone)]
pub(crate) struct Dialled(pub(crate) String);

pub(crate) async fn gate(
    State(door): State<Arc<Door>>,
    Extension(hosts): Extension<Hosts>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    door.count_request()?;
    let host = check_host(request.uri(), request.headers(), &hosts)?;
    check_headers(request.headers())?;
    check_method(request.method(), request.uri())?;
    request.extensions_mut().insert(Dialled(host));
    Ok(next.run(request).await)
}

fn check_host(uri: &Uri, headers: &HeaderMap, hosts: &Hosts) -> Result<String, Refusal> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok());
    match (host, named.next()) {
        (Some(host), None)
            if hosts.holds(host) && uri.authority().is_none_or(|a| a.as_str() == host) =>
        {
            Ok(host.to_owned())
        }
        _ => Err(WRONG_HOST.into()),
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    for name in headers.keys().map(header::HeaderName::as_str) {
        if name == "origin" || name == "cookie" || name.starts_with("sec-fetch-") {
            return Err(FROM_A_BROWSER.into());
        }
        if name == "forwarded" || name == "x-real-ip" || name.starts_with("x-forwarded-") {
            return Err(FORWARDED.into());
        }
        if name == "upgrade" || name == "http2-settings" || name.starts_with("sec-websocket-") {
            return Err(UPGRADE.into());
        }
    }
    Ok(())
}

fn check_method(method: &Method, uri: &Uri) -> Result<(), Refusal> {
    if method == Method::GET || method == Method::POST {
        return Ok(());
    }
    let denial = if method == Method::DELETE {
        NOTHING_IS_DELETED
    } else {
        WRONG_METHOD
    };
    let allowed = routes::allowed(uri.path());
    Err(Refusal::from(denial).with(header::ALLOW, HeaderValue::from_static(allowed)))
}
