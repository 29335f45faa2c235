//! Log entries: what is written down, once and for ever.

use crate::digest::Canonical;
use crate::{
    AccountId, AgentId, AgentName, Digest, InstallId, Millis, PairingId, Preimage, ProposalId,
};
use serde::{Deserialize, Serialize};

/// One line of the log. Its canonical bytes are the leaf of the Merkle tree (RFC 6962 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// Format, 1.
    pub v: u32,
    /// When.
    pub at: Millis,
    /// What.
    pub record: Record,
}

impl Canonical for LogEntry {}

impl LogEntry {
    /// An entry of the current format.
    pub fn new(at: Millis, record: Record) -> Self {
        Self { v: 1, at, record }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// The installation began: the first entry.
    Installed {
        /// Its name.
        install_id: InstallId,
        /// Its verifier key (c2sp.org/signed-note).
        verifier_key: String,
    },
    /// A passkey may approve from here on.
    PasskeyEnrolled {
        /// Its public part.
        credential: Credential,
        /// What the authenticator sent when it was made.
        registration: RegistrationRecord,
        /// The older passkey's approval; absent for the first, which is pinned in the keychain.
        by: Option<Box<SignedApproval>>,
    },
    /// A passkey may no longer approve from here on.
    PasskeyRevoked {
        /// Which.
        credential_id: String,
        /// A passkey's approval.
        by: Box<SignedApproval>,
    },
    /// An agent may read and propose.
    AgentPaired {
        /// Its id.
        agent: AgentId,
        /// Its name.
        name: AgentName,
        /// SHA-256 of its key.
        key_sha256: Digest,
        /// When its key ends.
        expires: Millis,
        /// The request it came from.
        pairing: PairingId,
        /// The code that both sides showed.
        code: String,
        /// A passkey's approval.
        by: Box<SignedApproval>,
    },
    /// An agent's key works no longer. It takes rights away, so it needs no gesture.
    AgentRevoked {
        /// Which.
        agent: AgentId,
    },
    /// An agent put something forward.
    Proposed {
        /// Its id.
        proposal: ProposalId,
        /// By whom.
        agent: AgentId,
        /// What it revises.
        revises: Option<ProposalId>,
        /// The verb.
        verb: String,
        /// Its account.
        account: AccountId,
        /// SHA-256 of the action.
        action_sha256: Digest,
        /// SHA-256 of the display.
        display_sha256: Digest,
        /// When it expires.
        expires: Millis,
    },
    /// The person confirmed.
    Approved {
        /// Which.
        proposal: ProposalId,
        /// The proof.
        approval: Box<SignedApproval>,
    },
    /// The person said no.
    Rejected {
        /// Which.
        proposal: ProposalId,
        /// Why.
        reason: String,
    },
    /// The agent took it back.
    Withdrawn {
        /// Which.
        proposal: ProposalId,
    },
    /// A revision took its place.
    Superseded {
        /// Which.
        proposal: ProposalId,
        /// The revision.
        by: ProposalId,
    },
    /// Its time was over.
    Expired {
        /// Which.
        proposal: ProposalId,
    },
    /// The person took the approval back in time.
    Undone {
        /// Which.
        proposal: ProposalId,
    },
    /// Execution begins. On disk before anything leaves.
    Started {
        /// Which.
        proposal: ProposalId,
    },
    /// Execution ended, one way or another.
    Finished {
        /// Which.
        proposal: ProposalId,
        /// How.
        outcome: Outcome,
    },
    /// An approval did not verify when it was to run. Nothing ran.
    Voided {
        /// Which.
        proposal: ProposalId,
        /// What did not match.
        reason: String,
    },
    /// The person found out how it ended.
    Settled {
        /// Which.
        proposal: ProposalId,
        /// Whether it happened.
        happened: bool,
    },
    /// The person paused, or resumed, all agents.
    Paused {
        /// True for paused.
        paused: bool,
    },
    /// An account was connected.
    AccountConnected {
        /// Which.
        account: AccountId,
        /// Its address.
        address: String,
        /// SHA-256 over where it leads: server, port, user name and pinned certificate.
        way: Digest,
    },
}

impl Record {
    /// The proposal that it is about, if it is about one.
    pub fn proposal(&self) -> Option<&ProposalId> {
        match self {
            Self::Proposed { proposal, .. }
            | Self::Approved { proposal, .. }
            | Self::Rejected { proposal, .. }
            | Self::Withdrawn { proposal }
            | Self::Superseded { proposal, .. }
            | Self::Expired { proposal }
            | Self::Undone { proposal }
            | Self::Started { proposal }
            | Self::Finished { proposal, .. }
            | Self::Voided { proposal, .. }
            | Self::Settled { proposal, .. } => Some(proposal),
            Self::Installed { .. }
            | Self::PasskeyEnrolled { .. }
            | Self::PasskeyRevoked { .. }
            | Self::AgentPaired { .. }
            | Self::AgentRevoked { .. }
            | Self::Paused { .. }
            | Self::AccountConnected { .. } => None,
        }
    }
}

impl Record {
    /// The passkey's approval that it carries, if it carries one.
    pub fn approval(&self) -> Option<&SignedApproval> {
        match self {
            Self::PasskeyEnrolled { by, .. } => by.as_deref(),
            Self::PasskeyRevoked { by, .. } | Self::AgentPaired { by, .. } => Some(by),
            Self::Approved { approval, .. } => Some(approval),
            Self::Installed { .. }
            | Self::AgentRevoked { .. }
            | Self::Proposed { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn { .. }
            | Self::Superseded { .. }
            | Self::Expired { .. }
            | Self::Undone { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::Voided { .. }
            | Self::Settled { .. }
            | Self::Paused { .. }
            | Self::AccountConnected { .. } => None,
        }
    }
}

/// How an execution ended. A connector has to choose one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The other side took it.
    Done {
        /// Its reference there, e.g. the Message-ID.
        reference: String,
        /// The other side's words.
        detail: String,
    },
    /// The other side surely did nothing.
    NotDone {
        /// Stable, e.g. `recipient_refused`.
        code: String,
        /// What happened.
        detail: String,
        /// What to do.
        next: String,
    },
    /// Nobody knows.
    Unknown {
        /// Its reference, to search for.
        reference: String,
        /// The last that was seen.
        detail: String,
    },
}

/// The public part of a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Credential id, base64url without padding.
    pub id: String,
    /// What the person calls it.
    pub label: String,
    /// The credential as webauthn-rs writes it (counter as at enrolment).
    pub passkey: serde_json::Value,
    /// Transports, as the authenticator said.
    pub transports: Vec<String>,
    /// It can be copied to other devices (WebAuthn 3 6.1.3, BE).
    pub backup_eligible: bool,
}

/// What the authenticator sent when a passkey was made, kept raw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRecord {
    /// base64url.
    pub attestation_object: String,
    /// base64url.
    pub client_data_json: String,
}

/// A passkey's assertion (WebAuthn 3 5.2.2), all fields base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Which passkey.
    pub credential_id: String,
    /// Authenticator data.
    pub authenticator_data: String,
    /// Client data.
    pub client_data_json: String,
    /// Signature.
    pub signature: String,
}

/// A decision with everything needed to check it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedApproval {
    /// What was signed.
    pub preimage: Preimage,
    /// The signature.
    pub assertion: Assertion,
    /// The exact origin of the page, e.g. `http://localhost:28002`.
    pub origin: String,
    /// How the passkey was reached, e.g. `browser-page`.
    pub route: String,
}
