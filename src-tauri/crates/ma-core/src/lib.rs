//! The domain of Mechanical Advantage.
//!
//! What an agent may put forward ([`Action`]), what a person is shown ([`Display`]),
//! how a proposal lives ([`State`]), what is written down ([`LogEntry`]), and the only
//! things an agent can do to us ([`Inbox`]).
//!
//! Nothing here reads a clock, a file, a socket or a random number: time and chance
//! arrive as arguments.

mod action;
mod address;
mod challenge;
mod digest;
mod display;
mod entry;
mod id;
mod inbox;
mod lifecycle;
mod statement;
mod text;
pub mod tree;

pub use action::{
    Action, Attachment, Draft, EmailDraft, MAX_ATTACHMENT_BYTES, MAX_RECIPIENTS, Risk, SendEmail,
    Sender, Upload,
};
pub use address::{EmailAddress, Recipient};
pub use challenge::{Decision, Preimage};
pub use digest::{Canonical, Digest, canonical};
pub use display::{
    AddressRole, AddressView, AttachmentView, Display, Field, RENDERER_VERSION, Said, Shown, Span,
    render, render_pairing, render_passkey,
};
pub use entry::{
    Assertion, Credential, LogEntry, Outcome, Record, RegistrationRecord, SignedApproval,
};
pub use id::{AccountId, AgentId, BadId, InstallId, PairingId, ProposalId};
pub use inbox::{
    AgentIdentity, Answer, Connection, HelloProof, Inbox, InboxError, PairingRequest, PairingState,
    PairingTicket, Submission, Ticket, TicketFilter,
};
pub use lifecycle::{Event, Refused, State, apply};
pub use statement::{enrolment_statement, pairing_statement, revocation_statement};
pub use text::{
    AgentName, FileName, Invalid, MailText, MediaType, PersonName, Reason, SubjectLine,
};

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// What binds a proposal: SHA-256 over the canonical form (RFC 8785) of an object with `action` and
/// `display`, given the canonical bytes of both.
pub fn proposal_digest(action: &[u8], display: &[u8]) -> Digest {
    // The members' names are in order, so this is the canonical form of the whole.
    Digest::of(&[br#"{"action":"#, action, br#","display":"#, display, b"}"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_proposal_is_that_of_the_whole_object() {
        let (action, display) = (serde_json::json!({"b": 1, "a": "é"}), serde_json::json!([]));
        let whole = canonical(&serde_json::json!({"display": display, "action": action}));
        let parts = proposal_digest(&canonical(&action), &canonical(&display));
        assert_eq!(parts, Digest::of(&whole));
    }
}
