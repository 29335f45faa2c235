//! What a verification found, check by check.

use serde::Serialize;

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable, for programs: `shown`, `sent`, `signature`, `passkey`, `place`, `log`, `counter`.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// It holds.
    pub holds: bool,
    /// What was compared, or what does not match.
    pub detail: String,
}

/// All checks, and what they are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Every check holds.
    pub valid: bool,
    /// The proposal.
    pub proposal: Option<String>,
    /// The verb.
    pub verb: Option<String>,
    /// Its head, as plain text.
    pub title: Option<String>,
    /// When it was approved, milliseconds since 1970.
    pub approved_ms: Option<i64>,
    /// The passkey's label.
    pub passkey: Option<String>,
    /// How the passkey was reached.
    pub route: Option<String>,
    /// The installation.
    pub install_id: Option<String>,
    /// SHA-256 of the entry that enrolled the first passkey: compare it with the one that
    /// the person knows.
    pub first_passkey: Option<String>,
    /// How the execution ended.
    pub outcome: Option<ma_core::Outcome>,
    /// The checks, in order.
    pub checks: Vec<Check>,
}
