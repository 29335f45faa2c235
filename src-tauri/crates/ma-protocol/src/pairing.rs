//! How an agent connects, and what it is connected to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An agent asks to connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPairing {
    /// What the agent calls itself: one line, up to 60 bytes.
    #[schema(example = "claude", max_length = 60)]
    pub name: String,
    /// SHA-256 of the whole key text, 64 lower-case hex digits. The key itself stays with the agent.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub key_sha256: String,
}

/// How a request to connect stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pairing {
    /// Its id.
    #[schema(example = "c-0123456789abc")]
    pub id: String,
    /// The code that both sides show. The human compares it.
    #[schema(example = "4821")]
    pub code: String,
    /// Where it stands.
    pub state: PairingState,
    /// When it ends by itself, RFC 3339.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// The installation that was asked.
    pub install_id: String,
    /// The agent's id, once paired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When the key ends, once paired, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub key_expires_at: Option<String>,
}

/// Where a request to connect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairingState {
    /// The human has not decided.
    Waiting,
    /// The key works.
    Paired,
    /// The human said no.
    Refused,
    /// Nobody decided in time.
    Expired,
}

/// The connected accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connections {
    /// Each of them.
    pub connections: Vec<Connection>,
}

/// An account that actions can go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// Its id: what `account` of an action names.
    #[schema(example = "practice")]
    pub id: String,
    /// What it is, e.g. `practice` or `smtp`.
    pub kind: String,
    /// Its address.
    pub address: String,
    /// What it can do.
    #[schema(example = json!(["email.send"]))]
    pub verbs: Vec<String>,
    /// It is used when an action names no account.
    pub default: bool,
}
