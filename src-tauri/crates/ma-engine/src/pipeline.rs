//! The straight line from a proof to an outcome. Each step takes the one before it, so an action
//! that is unapproved, forged or executed twice does not compile.
//!
//! ```compile_fail,E0451
//! // Nobody outside can make a proof.
//! fn forge(signed: ma_core::SignedApproval) -> ma_engine::Approval {
//!     ma_engine::Approval { signed, content: todo!() }
//! }
//! ```
//!
//! ```compile_fail,E0277
//! // Nor read one from a file.
//! fn read(text: &str) -> ma_engine::Started {
//!     serde_json::from_str::<ma_engine::Started>(text).unwrap()
//! }
//! ```
//!
//! ```compile_fail,E0382
//! // What was started ends once.
//! fn twice(started: ma_engine::Started, a: ma_core::Outcome, b: ma_core::Outcome) {
//!     started.end(a);
//!     started.end(b);
//! }
//! ```
//!
//! ```compile_fail,E0599
//! // And cannot be copied.
//! fn copy(started: &ma_engine::Started) -> ma_engine::Started {
//!     started.clone()
//! }
//! ```
//!
//! ```compile_fail,E0599
//! // What was only proven is not yet bound to the stored bytes: it cannot start.
//! fn skip(approval: ma_engine::Approval) {
//!     approval.start();
//! }
//! ```

use ma_core::{Action, Canonical, Digest, Outcome, ProposalId, SignedApproval};
use ma_receipt::{KeyRing, mail_matches, verify_assertion};
use thiserror::Error;

/// Proof that a registered passkey, with the person verified, signed this decision about this
/// content. Only [`crate::Engine`]'s ceremony makes it.
#[derive(Debug)]
pub struct Approval {
    signed: SignedApproval,
    content: Content,
}

/// What was shown and is to be executed: the bytes that the signature commits to.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) subject: String,
    pub(crate) action: Vec<u8>,
    pub(crate) display: Vec<u8>,
    pub(crate) prepared: Vec<u8>,
}

/// An approval that was bound to the stored bytes and verified against them.
#[derive(Debug)]
pub struct Approved {
    id: ProposalId,
    action: Action,
    prepared: Vec<u8>,
}

/// An approved action whose execution is on the disk. It is executed once.
#[derive(Debug)]
pub struct Started {
    id: ProposalId,
    action: Action,
    prepared: Vec<u8>,
}

/// A started action with its outcome.
#[derive(Debug)]
pub struct Ended {
    pub(crate) id: ProposalId,
    pub(crate) outcome: Outcome,
}

/// What does not match. Nothing runs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Mismatch(pub(crate) String);

fn mismatch(what: impl Into<String>) -> Mismatch {
    Mismatch(what.into())
}

impl Approval {
    /// Made by the ceremony, after the signature was verified.
    pub(crate) fn new(signed: SignedApproval, content: Content) -> Self {
        Self { signed, content }
    }

    /// The proof, as it will stand in the log.
    pub(crate) fn signed(&self) -> &SignedApproval {
        &self.signed
    }

    /// What was approved.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }
}

impl Approved {
    /// Checks everything again, from the stored bytes alone: digests, the signature, the
    /// passkey, the finished mail.
    pub(crate) fn verify(
        id: ProposalId,
        signed: &SignedApproval,
        content: Content,
        ring: &KeyRing,
    ) -> Result<Self, Mismatch> {
        let p = &signed.preimage;
        if p.decision != ma_core::Decision::Approve
            || p.subject != id.as_str()
            || content.subject != id.as_str()
        {
            return Err(mismatch("the approval is about something else"));
        }
        for (name, bytes, signed) in [
            ("action", &content.action, p.action_sha256),
            ("display", &content.display, p.display_sha256),
            ("prepared mail", &content.prepared, p.prepared_sha256),
        ] {
            if Digest::of(bytes) != signed {
                return Err(mismatch(format!(
                    "the stored {name} is not the one that was signed"
                )));
            }
        }
        let action: Action = serde_json::from_slice(&content.action)
            .map_err(|_| mismatch("the stored action cannot be read"))?;
        if action.canonical() != content.action {
            return Err(mismatch("the stored action is not canonical"));
        }
        let credential = ring
            .credential(&signed.assertion.credential_id)
            .ok_or_else(|| mismatch("the passkey that signed may no longer approve"))?;
        verify_assertion(credential, signed).map_err(|e| mismatch(e.to_string()))?;
        match &action {
            Action::EmailSend(mail) => {
                mail_matches(&content.prepared, mail).map_err(|e| mismatch(e.to_string()))?;
            }
        }
        Ok(Self {
            id,
            action,
            prepared: content.prepared,
        })
    }

    /// The proposal.
    pub fn id(&self) -> &ProposalId {
        &self.id
    }

    /// Called once the start is on the disk.
    pub(crate) fn start(self) -> Started {
        Started {
            id: self.id,
            action: self.action,
            prepared: self.prepared,
        }
    }
}

impl Started {
    /// The proposal.
    pub fn id(&self) -> &ProposalId {
        &self.id
    }

    /// What to do.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// The exact bytes to send.
    pub fn prepared(&self) -> &[u8] {
        &self.prepared
    }

    /// How it ended.
    pub fn end(self, outcome: Outcome) -> Ended {
        Ended {
            id: self.id,
            outcome,
        }
    }
}
