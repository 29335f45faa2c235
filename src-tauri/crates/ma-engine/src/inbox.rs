//! The agents' side: the only part of the engine that the door holds.

use crate::engine::{Change, Engine, lock};
use crate::store::{ProposalRow, StoreError};
use ed25519_dalek::Signer;
use ma_core::{
    AgentId, AgentIdentity, Answer, Connection, Digest, Event, HelloProof, Inbox, InboxError,
    InstallId, Millis, PairingId, PairingRequest, PairingState, PairingTicket, ProposalId, Record,
    State, Submission, Ticket, TicketFilter,
};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

impl From<StoreError> for InboxError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::StorageFull,
            StoreError::Sqlite(_) | StoreError::Changed(_) | StoreError::Closed => {
                Self::Internal(error.to_string())
            }
        }
    }
}

/// How often the use of a key is written down, at the most.
const USE_NOTED: Millis = 60_000;

impl Inbox for Engine {
    fn hello(&self, nonce: &str, address: &str) -> HelloProof {
        let mut message = b"mechanical-advantage/hello/v1\0".to_vec();
        for part in [nonce, address] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        let (install_id, public_key, signature) = match &self.install {
            Some(install) => (
                install.id.clone(),
                install.key.verifying_key().to_bytes(),
                install.key.sign(&message).to_bytes(),
            ),
            // Without its key the installation cannot prove itself: this proves nothing.
            None => (InstallId::of_public_key(&[0; 32]), [0; 32], [0; 64]),
        };
        HelloProof {
            install_id,
            public_key,
            signature,
            version: self.config.version.clone(),
        }
    }

    fn request_pairing(&self, request: PairingRequest) -> Answer<'_, PairingTicket> {
        Box::pin(async move { self.ask_to_pair(request) })
    }

    fn pairing(&self, id: PairingId, wait: Duration) -> Answer<'_, PairingTicket> {
        Box::pin(async move {
            let until = Instant::now() + wait;
            let mut changes = self.changes();
            loop {
                let ticket = lock(&self.pairings)
                    .ticket(&id, self.now())
                    .ok_or(InboxError::NotFound)?;
                if ticket.state != PairingState::Waiting {
                    return Ok(ticket);
                }
                match timeout_at(until, changes.recv()).await {
                    Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                    Ok(Err(RecvError::Closed)) | Err(_) => return Ok(ticket),
                }
            }
        })
    }

    fn agent(&self, key_sha256: Digest) -> Answer<'_, AgentIdentity> {
        Box::pin(async move {
            let now = self.now();
            let (identity, note) = {
                let mut agents = lock(&self.agents);
                let agent = agents
                    .get_mut(&key_sha256)
                    .filter(|a| a.revoked.is_none() && now < a.expires)
                    .ok_or(InboxError::KeyNotValid)?;
                let note = agent.last_used.is_none_or(|last| now - last >= USE_NOTED);
                if note {
                    agent.last_used = Some(now);
                }
                (
                    AgentIdentity {
                        id: agent.id.clone(),
                        name: agent.name.clone(),
                        key_expires: agent.expires,
                    },
                    note,
                )
            };
            if note {
                let id = identity.id.clone();
                let written: Result<(), StoreError> =
                    self.store.write(move |tx| tx.note_use(&id, now)).await;
                if let Err(error) = written {
                    tracing::warn!(%error, "the use of a key could not be noted");
                }
            }
            Ok(identity)
        })
    }

    fn connections(&self, _agent: AgentId) -> Answer<'_, Vec<Connection>> {
        Box::pin(async move {
            let accounts = self.store.accounts()?;
            Ok(accounts
                .into_iter()
                .map(|a| Connection {
                    id: a.id,
                    kind: a.kind,
                    address: a.address.as_str().to_owned(),
                    verbs: vec!["email.send"],
                    default: a.default,
                })
                .collect())
        })
    }

    fn submit(&self, agent: AgentId, submission: Submission) -> Answer<'_, Ticket> {
        Box::pin(self.put_forward(agent, submission))
    }

    fn list(&self, agent: AgentId, filter: TicketFilter) -> Answer<'_, Vec<Ticket>> {
        Box::pin(async move {
            let filter = TicketFilter {
                limit: filter.limit.clamp(1, 200),
                ..filter
            };
            let rows = self.store.proposals_of(&agent, filter)?;
            Ok(rows.into_iter().map(ticket).collect())
        })
    }

    fn ticket(&self, agent: AgentId, id: ProposalId, wait: Duration) -> Answer<'_, Ticket> {
        Box::pin(async move {
            let until = Instant::now() + wait;
            let mut changes = self.changes();
            loop {
                let row = self
                    .store
                    .proposal(&id)?
                    .filter(|row| row.agent == agent)
                    .ok_or(InboxError::NotFound)?;
                // In doubt is not final, but the agent has nothing to wait for.
                if row.state.is_final() || row.state == State::InDoubt {
                    return Ok(ticket(row));
                }
                loop {
                    match timeout_at(until, changes.recv()).await {
                        Ok(Ok(Change::Moved { id: moved, .. })) if moved == id.as_str() => break,
                        Ok(Ok(Change::Revoked { agent: revoked })) if revoked == agent.as_str() => {
                            return Err(InboxError::KeyNotValid);
                        }
                        Ok(Ok(
                            Change::Proposed { .. }
                            | Change::Moved { .. }
                            | Change::PairingAsked { .. }
                            | Change::Revoked { .. }
                            | Change::Alarm(_)
                            | Change::Other,
                        )) => {}
                        Ok(Err(RecvError::Lagged(_))) => break,
                        Ok(Err(RecvError::Closed)) | Err(_) => return Ok(ticket(row)),
                    }
                }
            }
        })
    }

    fn withdraw(&self, agent: AgentId, id: ProposalId) -> Answer<'_, Ticket> {
        Box::pin(async move {
            let now = self.now();
            self.store
                .write(move |tx| {
                    let row = tx
                        .proposal(&id)?
                        .filter(|row| row.agent == agent)
                        .ok_or(InboxError::NotFound)?;
                    let withdrawn = Record::Withdrawn {
                        proposal: id.clone(),
                    };
                    tx.advance(&id, row.state, Event::Withdraw, now, withdrawn)?
                        .ok_or(InboxError::WrongState(row.state))?;
                    let row = tx.proposal(&id)?.ok_or(InboxError::NotFound)?;
                    Ok(ticket(row))
                })
                .await
        })
    }
}

pub(crate) fn ticket(row: ProposalRow) -> Ticket {
    Ticket {
        id: row.id,
        state: row.state,
        verb: row.verb,
        account: row.account,
        summary: row.summary,
        digest: row.digest,
        proposed: row.proposed,
        expires: row.expires,
        revises: row.revises,
        superseded_by: row.superseded_by,
        rejection: row.rejection,
        outcome: row.outcome,
        changed: row.changed,
    }
}
