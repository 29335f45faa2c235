//! All that an agent can do to us: read, propose, withdraw, wait. There is no approve.

use crate::text::Invalid;
use crate::{
    AccountId, AgentId, AgentName, Digest, Draft, InstallId, Millis, Outcome, PairingId,
    ProposalId, Reason, State,
};
use std::{future::Future, pin::Pin, time::Duration};
use thiserror::Error;

/// What an [`Inbox`] call gives: later, an answer or the reason for none.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, InboxError>> + Send + 'a>>;

/// The agents' side of the engine. The API holds nothing else.
pub trait Inbox: Send + Sync + 'static {
    /// Signs `nonce` and the door's own address, so that `ma` knows this installation.
    fn hello(&self, nonce: &str, address: &str) -> HelloProof;

    /// An agent asks to connect. The person decides with a passkey.
    fn request_pairing(&self, request: PairingRequest) -> Answer<'_, PairingTicket>;

    /// How that stands. Waits up to `wait` for a change while it is open.
    fn pairing(&self, id: PairingId, wait: Duration) -> Answer<'_, PairingTicket>;

    /// Whose key this is. Records its use.
    fn agent(&self, key_sha256: Digest) -> Answer<'_, AgentIdentity>;

    /// The connected accounts and what each can do.
    fn connections(&self, agent: AgentId) -> Answer<'_, Vec<Connection>>;

    /// Puts an action forward. The same content again, while it is open, is the same proposal.
    fn submit(&self, agent: AgentId, submission: Submission) -> Answer<'_, Ticket>;

    /// The agent's own proposals, newest first.
    fn list(&self, agent: AgentId, filter: TicketFilter) -> Answer<'_, Vec<Ticket>>;

    /// One of the agent's own proposals. Waits up to `wait` for its end.
    /// Revoking the agent's key ends the wait.
    fn ticket(&self, agent: AgentId, id: ProposalId, wait: Duration) -> Answer<'_, Ticket>;

    /// Takes a pending proposal back.
    fn withdraw(&self, agent: AgentId, id: ProposalId) -> Answer<'_, Ticket>;
}

/// Why an agent gets no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InboxError {
    /// No such key, or it was revoked, or its time is over.
    #[error("this key is not valid")]
    KeyNotValid,
    /// Nothing of that name belongs to this agent.
    #[error("there is no such thing for this agent")]
    NotFound,
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The account is not connected.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// Too many proposals wait already.
    #[error("{open} proposals of this agent wait already")]
    TooManyPending {
        /// How many.
        open: usize,
    },
    /// Too many requests to connect wait already.
    #[error("too many requests to connect wait already")]
    TooManyPairings,
    /// The person paused all agents.
    #[error("the person paused all agents")]
    Paused,
    /// The app takes nothing in until the person has looked at it: its keychain is locked, or
    /// its database was changed.
    #[error("the app takes nothing in")]
    Sealed,
    /// It is past the state in which this is possible.
    #[error("the proposal is {}", .0.name())]
    WrongState(State),
    /// Nothing can be written; nothing was stored.
    #[error("the disk is full")]
    StorageFull,
    /// Our mistake; nothing was stored.
    #[error("{0}")]
    Internal(String),
}

/// The server's proof of being one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloProof {
    /// The installation.
    pub install_id: InstallId,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// Ed25519 over the hello message of the protocol.
    pub signature: [u8; 64],
    /// The version of the app.
    pub version: String,
}

/// A request to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingRequest {
    /// What the agent calls itself.
    pub name: AgentName,
    /// SHA-256 of the key that the agent made. The key itself never comes here.
    pub key_sha256: Digest,
}

/// How a request to connect stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingTicket {
    /// Its id.
    pub id: PairingId,
    /// The code that both sides show.
    pub code: String,
    /// Open, or how it ended.
    pub state: PairingState,
    /// When it ends by itself.
    pub expires: Millis,
    /// The agent's id, once connected.
    pub agent: Option<AgentId>,
    /// When the key ends, once connected.
    pub key_expires: Option<Millis>,
}

/// Where a request to connect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairingState {
    /// The person has not decided.
    Waiting,
    /// Connected.
    Paired,
    /// The person said no.
    Refused,
    /// Nobody decided in time.
    Expired,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentIdentity {
    /// Its id.
    pub id: AgentId,
    /// Its name.
    pub name: AgentName,
    /// When its key ends.
    pub key_expires: Millis,
}

/// An account, as an agent sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: AccountId,
    /// What it is: `practice` or `smtp`.
    pub kind: String,
    /// Its address.
    pub address: String,
    /// The verbs that it can do.
    pub verbs: Vec<&'static str>,
    /// It is used when an agent names none.
    pub default: bool,
}

/// What an agent puts forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The action.
    pub draft: Draft,
    /// Why, in its words.
    pub reason: Reason,
    /// The earlier proposal that this one revises.
    pub revises: Option<ProposalId>,
    /// How long it may wait; the app's setting if absent.
    pub expires_in: Option<Duration>,
}

/// Which proposals to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicketFilter {
    /// Only these that are not final.
    pub open: bool,
    /// At most so many (1 to 200).
    pub limit: u32,
}

/// A proposal, as its agent sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: ProposalId,
    /// Where it stands.
    pub state: State,
    /// Its verb.
    pub verb: String,
    /// Its account.
    pub account: AccountId,
    /// One line: to whom, what.
    pub summary: String,
    /// SHA-256 over what is shown and what will be executed.
    pub digest: Digest,
    /// When it was proposed.
    pub proposed: Millis,
    /// When it ends by itself.
    pub expires: Millis,
    /// What it revises.
    pub revises: Option<ProposalId>,
    /// What took its place.
    pub superseded_by: Option<ProposalId>,
    /// The person's reason, after a rejection.
    pub rejection: Option<String>,
    /// How it ended, after an execution.
    pub outcome: Option<Outcome>,
    /// When it came to where it stands.
    pub changed: Millis,
}
