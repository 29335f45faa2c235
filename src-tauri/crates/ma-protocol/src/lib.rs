//! The wire contract between an agent and the agents' door.
//!
//! HTTP and JSON under `/v1` on loopback. A request with an unknown field is refused;
//! a client ignores answer fields that it does not know.

mod hello;
mod key;
mod pairing;
mod problem;
mod proposal;
mod state;

pub use hello::{Hello, hello_message, is_nonce};
pub use key::{AgentKey, BadKey};
pub use pairing::{Connection, Connections, NewPairing, Pairing, PairingState};
pub use problem::Problem;
pub use proposal::{
    Action, Attachment, EmailSend, EmailSendType, NewProposal, Outcome, OutcomeResult, Proposal,
    Proposals, Recipient, Rejection, Withdrawal,
};
pub use state::{State, next_step};

/// What [`Hello::product`] says.
pub const PRODUCT: &str = "mechanical-advantage";

/// The version of this contract.
pub const PROTOCOL: u32 = 1;

/// The port of the agents' door: 0x6D61, "ma".
pub const DEFAULT_AGENT_PORT: u16 = 28001;

/// The most bytes of one request body: 24 MiB, room for 16 MiB of attachments in base64.
pub const MAX_BODY_BYTES: usize = 24 << 20;

/// The most bytes of attachments in one mail, decoded: 16 MiB.
pub const MAX_ATTACHMENT_BYTES: u64 = 16 << 20;

/// The longest that one request waits, in seconds.
pub const MAX_WAIT_SECONDS: u64 = 60;

/// The most proposals in one list.
pub const MAX_LIST: u32 = 200;

/// The shortest time, in seconds, after which a proposal may end by itself.
pub const MIN_EXPIRES_IN: u64 = 60;

/// The longest: 30 days.
pub const MAX_EXPIRES_IN: u64 = 30 * 24 * 60 * 60;

/// Where everything stands.
pub mod path {
    /// The server proves who it is.
    pub const HELLO: &str = "/v1/hello";
    /// Asks to connect.
    pub const PAIRINGS: &str = "/v1/pairings";
    /// The connected accounts.
    pub const CONNECTIONS: &str = "/v1/connections";
    /// Proposals.
    pub const PROPOSALS: &str = "/v1/proposals";
    /// This contract as OpenAPI.
    pub const OPENAPI: &str = "/v1/openapi.json";
}
