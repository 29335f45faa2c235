//! What is refused before any route is looked at.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The one host that this door answers to: `localhost:PORT`.
#[derive(Debug, Clone)]
pub(crate) struct Host(pub(crate) String);

pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Checks who asks, and seals every answer.
pub(crate) async fn guard(State(host): State<Host>, request: Request, next: Next) -> Response {
    let response = match check(&host.0, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => (status, why).into_response(),
    };
    seal(response)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn check(
    host: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    let one_host = headers.get_all(HOST).iter().count() == 1;
    if !one_host || text(headers, &HOST) != Some(host) {
        return Err((
            StatusCode::MISDIRECTED_REQUEST,
            "This door answers to its own name only.",
        ));
    }
    // A browser says where a request comes from. Only the address bar and this page itself may ask.
    let site = text(headers, &SEC_FETCH_SITE);
    if site.is_some_and(|s| s != "none" && s != "same-origin") {
        return Err((StatusCode::FORBIDDEN, "Another site may not use this page."));
    }
    let framed = text(headers, &SEC_FETCH_DEST)
        .is_some_and(|d| matches!(d, "iframe" | "frame" | "object" | "embed" | "fencedframe"));
    if framed {
        return Err((
            StatusCode::FORBIDDEN,
            "This page may not stand inside another.",
        ));
    }
    let origin = text(headers, &ORIGIN);
    let own = format!("http://{host}");
    if origin.is_some_and(|o| o != own) || (headers.contains_key(ORIGIN) && origin.is_none()) {
        return Err((StatusCode::FORBIDDEN, "Another site may not use this page."));
    }
    if *method == Method::POST && origin != Some(own.as_str()) {
        return Err((StatusCode::FORBIDDEN, "Only this page may answer."));
    }
    if *method != Method::GET && *method != Method::POST {
        return Err((
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and POST are known here.",
        ));
    }
    Ok(())
}

fn seal(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-embedder-policy"),
            "require-corp",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
