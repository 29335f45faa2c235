//! The receipt: everything that is needed to check, offline, what was approved.

use ma_core::LogEntry;
use serde::{Deserialize, Serialize};

/// The name of the format.
pub const FORMAT: &str = "mechanical-advantage/receipt/v1";

/// A receipt of one approved proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORMAT`].
    pub format: String,
    /// The installation's key (c2sp.org/signed-note).
    pub verifier_key: String,
    /// The action: its canonical bytes, as text.
    pub action: String,
    /// What was shown: its canonical bytes, as text.
    pub display: String,
    /// The exact bytes that the connector was given, base64.
    pub prepared: String,
    /// The log's first entry: whose log it is.
    pub installed: Attested,
    /// The entry of the proposal.
    pub proposed: Attested,
    /// The entry of the approval, with the passkey's signature.
    pub approved: Attested,
    /// How it ended, once it did.
    pub finished: Option<Attested>,
    /// Every entry before the approval that enrolled or revoked a passkey, in order.
    pub keys: Vec<Attested>,
    /// That the log which was signed is the beginning of the checkpointed one
    /// (RFC 6962 2.1.2), base64.
    pub consistency: Vec<String>,
}

/// A log entry with the proof of its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// The entry's canonical bytes, as text.
    pub entry: String,
    /// Its place (c2sp.org/tlog-proof).
    pub proof: String,
}

impl Attested {
    /// Reads the entry. The bytes must be canonical, so that text and meaning are one.
    pub fn read(&self) -> Option<LogEntry> {
        let entry: LogEntry = serde_json::from_str(&self.entry).ok()?;
        (ma_core::canonical(&entry) == self.entry.as_bytes()).then_some(entry)
    }
}
