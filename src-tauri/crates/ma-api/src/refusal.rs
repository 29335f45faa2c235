//! Every refusal of the door: its status, its code, its sentence, its next step.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ma_core::{InboxError, Invalid};
use ma_protocol::Problem;
use std::time::Duration;

/// A refusal whose text never changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Denial {
    status: u16,
    code: &'static str,
    detail: &'static str,
    next: &'static str,
}

macro_rules! denials {
    ($($name:ident = $status:literal $code:literal, $detail:literal, $next:literal;)*) => {
        $(pub(crate) const $name: Denial = Denial {
            status: $status, code: $code, detail: $detail, next: $next,
        };)*
        const ALL: &[Denial] = &[$($name),*];
    };
}

denials! {
    TOO_MANY_REQUESTS = 429 "too_many_requests",
        "There were too many requests.",
        "Wait as long as Retry-After says. To wait for a decision use ?wait=60 instead of asking again and again.";
    WRONG_HOST = 421 "wrong_host",
        "The Host header does not name this door.",
        "Ask http://127.0.0.1 or http://[::1] with the right port, without a host name in between.";
    FROM_A_BROWSER = 403 "from_a_browser",
        "The request carries Origin, Sec-Fetch or Cookie: it comes from a web page.",
        "Web pages are not served. Use the ma command or an HTTP client that adds none of these headers.";
    FORWARDED = 400 "forwarded",
        "The request carries a forwarding header.",
        "Ask directly, without X-Forwarded-*, Forwarded and X-Real-IP: no address is trusted here.";
    UPGRADE = 400 "upgrade",
        "The request asks for another protocol.",
        "Speak plain HTTP/1.1; there is no WebSocket and no HTTP/2 here.";
    NOTHING_IS_DELETED = 405 "nothing_is_deleted",
        "Nothing can be deleted here: no route does it.",
        "Archive a mail instead; take a proposal back with POST /v1/proposals/{id}/withdraw.";
    WRONG_METHOD = 405 "wrong_method",
        "This method is not possible here.",
        "Use a method that Allow names; /v1/openapi.json lists every route.";
    NO_SUCH_PATH = 404 "no_such_path",
        "There is nothing at this path.",
        "See /v1/openapi.json for every route.";
    KEY_IN_URL = 400 "key_in_url",
        "A key does not belong into an address: addresses end up in logs.",
        "Send it as Authorization: Bearer. If it was real, ask the human to revoke it and pair again.";
    UNKNOWN_PARAMETER = 400 "unknown_parameter",
        "The query names something that this route does not know.",
        "See /v1/openapi.json for the parameters of this route, each at most once.";
    NOT_JSON = 415 "not_json",
        "The body is not application/json.",
        "Send Content-Type: application/json, UTF-8, without Content-Encoding.";
    BODY_NOT_EXPECTED = 400 "body_not_expected",
        "This route takes no body.",
        "Leave the body out.";
    TOO_MANY_GUESSES = 429 "too_many_guesses",
        "Too many keys that are not known were tried.",
        "Wait as long as Retry-After says. A key that worked since the app started is not slowed by this.";
    TOO_MANY_PAIRINGS = 429 "too_many_pairings",
        "Too many requests to connect came in.",
        "Wait; then ask once, and let the human confirm it in the app.";
    NOT_PAIRED = 401 "not_paired",
        "There is no valid key with this request.",
        "Connect first: ma auth login --name NAME, and let the human confirm it. Then send Authorization: Bearer KEY.";
    BODY_TOO_LARGE = 413 "body_too_large",
        "The body is larger than this route takes.",
        "Send less: a proposal may be 24 MiB with 16 MiB of attachments, anything else 4 KiB.";
    BODY_TOO_SLOW = 408 "body_too_slow",
        "The body did not come in time. Nothing was stored.",
        "Send it again without a pause.";
    BODY_CUT_OFF = 400 "body_cut_off",
        "The body ended early. Nothing was stored.",
        "Send it again, whole.";
    BUSY = 503 "busy",
        "Too much is being handed in at this moment. Nothing was stored.",
        "Wait a few seconds and send it again.";
    TOO_MANY_CONNECTIONS = 503 "too_many_connections",
        "Too many connections are open.",
        "Close what you do not need, wait a few seconds and try again.";
    NOT_UTF_8 = 400 "not_utf_8",
        "The body is not UTF-8. Nothing was stored.",
        "Send JSON in UTF-8.";
    CUT_OFF_JSON = 400 "cut_off_json",
        "The JSON ends early. Nothing was stored.",
        "Send the whole document.";
    TOO_DEEP = 400 "too_deep",
        "The JSON is nested too deeply. Nothing was stored.",
        "See /v1/openapi.json for the form.";
    NOT_FOUND = 404 "not_found",
        "You have nothing by this id.",
        "List what you have: ma queue list --all, or GET /v1/proposals.";
    AGENTS_PAUSED = 503 "agents_paused",
        "The human paused all agents. Nothing was stored.",
        "Stop, and tell the human that you wait. Try again only later.";
    SEALED = 503 "sealed",
        "The app takes nothing in until the human has looked at it. Nothing was stored.",
        "Ask the human to open Mechanical Advantage and read what it says. Try again only later.";
    STORAGE_FULL = 507 "storage_full",
        "The disk is full. Nothing was stored.",
        "Tell the human to make room; then send it again.";
    INTERNAL = 500 "internal",
        "Something went wrong on our side.",
        "See with ma queue list what was stored before you send anything again, and tell the human.";
}

/// The texts that never change, for review.
pub fn problems() -> Vec<Problem> {
    ALL.iter().map(|denial| denial.problem()).collect()
}

impl Denial {
    fn problem(self) -> Problem {
        Problem::new(
            self.status,
            title(self.status),
            self.code,
            self.detail,
            self.next,
        )
    }
}

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Refusal(Box<(Problem, Vec<(HeaderName, HeaderValue)>)>);

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        let refusal = Self::of(denial.problem());
        match denial.status {
            401 => refusal.with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            408 => refusal.with(header::CONNECTION, HeaderValue::from_static("close")),
            503 => refusal.retry_after(Duration::from_secs(5)),
            _ => refusal,
        }
    }
}

impl Refusal {
    /// A refusal of what was sent, with a text of its own.
    pub(crate) fn bad(code: &str, detail: &str, next: &str) -> Self {
        Self::of(Problem::new(400, title(400), code, detail, next))
    }

    fn of(problem: Problem) -> Self {
        Self(Box::new((problem, Vec::new())))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.1.push((name, value));
        self
    }

    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.0.0.field = Some(field.into());
        self
    }

    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(1);
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let detail = format!("{}: {}.", invalid.field, invalid.message);
        Self::bad(invalid.code, &detail, invalid.next).field(invalid.field)
    }
}

impl From<InboxError> for Refusal {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::KeyNotValid => NOT_PAIRED.into(),
            InboxError::NotFound => NOT_FOUND.into(),
            InboxError::Invalid(invalid) => invalid.into(),
            InboxError::NoAccount(account) => Self::bad(
                "no_account",
                &format!("There is no account {account}."),
                "See the accounts with: ma connections list, or leave account out.",
            )
            .field("action.account"),
            InboxError::TooManyPending { open } => Self::of(Problem::new(
                429,
                title(429),
                "too_many_pending",
                &format!("{open} of your proposals wait already. Nothing was stored."),
                "Wait until the human decides, or take some back with: ma queue withdraw ID.",
            ))
            .retry_after(Duration::from_mins(1)),
            InboxError::TooManyPairings => {
                Self::from(TOO_MANY_PAIRINGS).retry_after(Duration::from_mins(1))
            }
            InboxError::Paused => AGENTS_PAUSED.into(),
            InboxError::Sealed => SEALED.into(),
            InboxError::WrongState(state) => Self::of(Problem::new(
                409,
                title(409),
                "wrong_state",
                &format!("That is not possible: the proposal is {}.", state.name()),
                "Read it with: ma queue get ID, and do what its next says.",
            )),
            InboxError::StorageFull => STORAGE_FULL.into(),
            InboxError::Internal(cause) => {
                tracing::error!(%cause, "the inbox failed");
                INTERNAL.into()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (problem, headers) = *self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or_default();
        let mut response = (status, Json(problem)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(Problem::MEDIA_TYPE),
        );
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn title(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error")
}
