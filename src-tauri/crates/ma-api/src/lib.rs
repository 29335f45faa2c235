//! The agents' door: HTTP and JSON on loopback, under `/v1`.
//!
//! It holds an [`Inbox`](ma_core::Inbox) and nothing else: an agent can read, propose,
//! withdraw and wait. No route approves, and none destroys.
//!
//! The order of a request is fixed: the rate limit, then what a browser or a proxy would
//! have added, then the route, its query and its media type, then the key, then the body.

mod body;
mod call;
mod door;
mod gate;
mod handlers;
mod limits;
mod openapi;
mod query;
mod refusal;
mod routes;
mod server;
mod wire;

pub use limits::Limits;
pub use openapi::openapi;
pub use refusal::problems;
pub use routes::{RouteLine, routes};
pub use server::{ServeError, serve};
