//! An inbox in memory.

use ed25519_dalek::{Signer, SigningKey};
use ma_core::{
    AccountId, AgentId, AgentIdentity, AgentName, Answer, Connection, Digest, EmailAddress,
    HelloProof, Inbox, InboxError, InstallId, PairingId, PairingRequest, PairingState,
    PairingTicket, ProposalId, Recipient, Sender, State, Submission, Ticket, TicketFilter,
};
use ma_protocol::hello_message;
use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};
use tokio::time::{Instant, sleep};

pub const START: i64 = 1_800_000_000_000;

#[derive(Default)]
pub struct Memory {
    pub submitted: Vec<Submission>,
    pub tickets: Vec<Ticket>,
    pub pairing: Option<PairingTicket>,
    pub key_hashes: Vec<String>,
    pub fails: Option<InboxError>,
    pub panics: bool,
    pub revoked: bool,
    pub asked_keys: usize,
}

#[derive(Default)]
pub struct Fake(Mutex<Memory>);

impl Fake {
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn put(&self, state: State) -> ProposalId {
        let id = ProposalId::from_random([7; 8]);
        let mut ticket = ticket(id.clone());
        ticket.state = state;
        self.memory().tickets.push(ticket);
        id
    }

    fn check(&self) -> Result<(), InboxError> {
        let memory = self.memory();
        assert!(!memory.panics, "a panic that the door has to catch");
        memory.fails.clone().map_or(Ok(()), Err)
    }

    fn find(&self, id: &ProposalId) -> Result<Ticket, InboxError> {
        let memory = self.memory();
        if memory.revoked {
            return Err(InboxError::KeyNotValid);
        }
        let found = memory.tickets.iter().find(|t| t.id == *id);
        found.cloned().ok_or(InboxError::NotFound)
    }
}

pub fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

pub fn install_id() -> InstallId {
    InstallId::of_public_key(signing_key().verifying_key().as_bytes())
}

pub fn key() -> String {
    format!("ma1.{}.{}", install_id(), "k".repeat(43))
}

fn ticket(id: ProposalId) -> Ticket {
    Ticket {
        id,
        state: State::Pending,
        verb: "email.send".to_owned(),
        account: AccountId::practice(),
        summary: "To mara@practice.test: Invoice".to_owned(),
        digest: Digest::of(b"content"),
        proposed: START,
        expires: START + 86_400_000,
        revises: None,
        superseded_by: None,
        rejection: None,
        outcome: None,
        changed: START,
    }
}

impl Inbox for Fake {
    fn hello(&self, nonce: &str, address: &str) -> HelloProof {
        let key = signing_key();
        HelloProof {
            install_id: install_id(),
            public_key: key.verifying_key().to_bytes(),
            signature: key.sign(&hello_message(nonce, address)).to_bytes(),
            version: "0.1.0".to_owned(),
        }
    }

    fn request_pairing(&self, request: PairingRequest) -> Answer<'_, PairingTicket> {
        Box::pin(async move {
            self.check()?;
            let ticket = PairingTicket {
                id: PairingId::from_random([1; 8]),
                code: "4821".to_owned(),
                state: PairingState::Waiting,
                expires: START + 300_000,
                agent: None,
                key_expires: None,
            };
            let mut memory = self.memory();
            memory.key_hashes.push(request.key_sha256.hex());
            memory.pairing = Some(ticket.clone());
            Ok(ticket)
        })
    }

    fn pairing(&self, id: PairingId, _wait: Duration) -> Answer<'_, PairingTicket> {
        Box::pin(async move {
            let found = self.memory().pairing.clone();
            found.filter(|p| p.id == id).ok_or(InboxError::NotFound)
        })
    }

    fn agent(&self, key_sha256: Digest) -> Answer<'_, AgentIdentity> {
        Box::pin(async move {
            let mut memory = self.memory();
            memory.asked_keys += 1;
            if memory.revoked || key_sha256 != Digest::of(key().as_bytes()) {
                return Err(InboxError::KeyNotValid);
            }
            Ok(AgentIdentity {
                id: AgentId::from_random([2; 8]),
                name: AgentName::parse("claude").unwrap(),
                key_expires: START + 86_400_000,
            })
        })
    }

    fn connections(&self, _agent: AgentId) -> Answer<'_, Vec<Connection>> {
        Box::pin(async move {
            self.check()?;
            Ok(vec![Connection {
                id: AccountId::practice(),
                kind: "practice".to_owned(),
                address: "you@practice.test".to_owned(),
                verbs: vec!["email.send"],
                default: true,
            }])
        })
    }

    fn submit(&self, _agent: AgentId, submission: Submission) -> Answer<'_, Ticket> {
        Box::pin(async move {
            self.check()?;
            let sender = Sender {
                account: AccountId::practice(),
                from: Recipient {
                    address: EmailAddress::parse("you@practice.test").unwrap(),
                    name: None,
                },
            };
            submission.draft.clone().resolve(&sender)?;
            let mut memory = self.memory();
            memory.submitted.push(submission);
            Ok(ticket(ProposalId::from_random([3; 8])))
        })
    }

    fn list(&self, _agent: AgentId, filter: TicketFilter) -> Answer<'_, Vec<Ticket>> {
        Box::pin(async move {
            let memory = self.memory();
            let fits = |t: &&Ticket| !filter.open || !t.state.is_final();
            let limit = usize::try_from(filter.limit).unwrap();
            Ok(memory
                .tickets
                .iter()
                .filter(fits)
                .take(limit)
                .cloned()
                .collect())
        })
    }

    fn ticket(&self, _agent: AgentId, id: ProposalId, wait: Duration) -> Answer<'_, Ticket> {
        Box::pin(async move {
            self.check()?;
            let end = Instant::now() + wait;
            loop {
                let ticket = self.find(&id)?;
                if ticket.state.is_final() || Instant::now() >= end {
                    return Ok(ticket);
                }
                sleep(Duration::from_millis(5)).await;
            }
        })
    }

    fn withdraw(&self, _agent: AgentId, id: ProposalId) -> Answer<'_, Ticket> {
        Box::pin(async move {
            self.check()?;
            let mut ticket = self.find(&id)?;
            if ticket.state != State::Pending {
                return Err(InboxError::WrongState(ticket.state));
            }
            ticket.state = State::Withdrawn;
            Ok(ticket)
        })
    }
}
