//! The agents' side: the only part of the engine that the door holds.

use crate::chance;
use crate::config::millis;
use crate::engine::{Change, Engine, lock};
use crate::store::{AccountRow, NewProposal, ProposalRow, StoreError, Tx};
use ed25519_dalek::Signer;
use ma_core::{
    Action, AgentId, AgentIdentity, AgentName, Answer, Canonical, Connection, Digest, Event,
    HelloProof, Inbox, InboxError, InstallId, Invalid, LogEntry, Millis, PairingId, PairingRequest,
    PairingState, PairingTicket, ProposalId, Record, State, Submission, Ticket, TicketFilter,
    proposal_digest, render,
};
use std::sync::atomic::Ordering;
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

const EXPIRY_DAYS: u32 = 3;
const LONGEST_EXPIRY: Duration = Duration::from_secs(30 * 24 * 3600);
const SHORTEST_EXPIRY: Duration = Duration::from_secs(60);
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
                    let state = tx
                        .step(&id, row.state, Event::Withdraw, now)?
                        .ok_or(InboxError::WrongState(row.state))?;
                    tx.append(&LogEntry::new(
                        now,
                        Record::Withdrawn {
                            proposal: id.clone(),
                        },
                    ))?;
                    tx.tell(Change::Moved {
                        id: id.to_string(),
                        state,
                    });
                    let row = tx.proposal(&id)?.ok_or(InboxError::NotFound)?;
                    Ok(ticket(row))
                })
                .await
        })
    }
}

impl Engine {
    async fn put_forward(
        &self,
        agent: AgentId,
        submission: Submission,
    ) -> Result<Ticket, InboxError> {
        if self.install.is_none() || lock(&self.sealed).is_some() {
            return Err(InboxError::Sealed);
        }
        if self.paused.load(Ordering::SeqCst) {
            return Err(InboxError::Paused);
        }
        let name = lock(&self.agents)
            .values()
            .find(|a| a.id == agent)
            .map(|a| a.name.clone())
            .ok_or(InboxError::KeyNotValid)?;
        let now = self.now();
        let expires = now + millis(self.expiry(submission.expires_in)?);
        let id = chance::proposal_id().map_err(|e| InboxError::Internal(e.to_string()))?;
        let cap = self.config.limits.open_per_agent;
        let job = Proposing {
            id,
            agent,
            name,
            submission,
            now,
            expires,
            cap,
        };
        let ticket = self.store.write(move |tx| job.run(tx)).await?;
        self.wake.notify_one();
        Ok(ticket)
    }

    fn expiry(&self, asked: Option<Duration>) -> Result<Duration, InboxError> {
        let days = self.expiry_days();
        match asked {
            None => Ok(Duration::from_secs(u64::from(days) * 24 * 3600)),
            Some(asked) if (SHORTEST_EXPIRY..=LONGEST_EXPIRY).contains(&asked) => Ok(asked),
            Some(_) => Err(InboxError::Invalid(Invalid {
                field: "expires_in".to_owned(),
                code: "out_of_range",
                message: "it is not between one minute and 30 days".to_owned(),
                next: "Leave it out, or give seconds from 60 to 2592000.",
            })),
        }
    }

    /// Days until a proposal expires, as the person set it.
    pub(crate) fn expiry_days(&self) -> u32 {
        self.store
            .setting("expiry_days")
            .ok()
            .flatten()
            .and_then(|text| text.parse().ok())
            .unwrap_or(EXPIRY_DAYS)
    }
}

struct Proposing {
    id: ProposalId,
    agent: AgentId,
    name: AgentName,
    submission: Submission,
    now: Millis,
    expires: Millis,
    cap: usize,
}

impl Proposing {
    fn run(self, tx: &mut Tx<'_>) -> Result<Ticket, InboxError> {
        let Self {
            id,
            agent,
            name,
            submission,
            now,
            expires,
            cap,
        } = self;
        let account = choose_account(
            tx,
            submission.draft.account().map(ma_core::AccountId::as_str),
        )?;
        let (action, blobs) = submission
            .draft
            .resolve(&account.sender())
            .map_err(|e| e.within("action"))?;
        let bytes = action.canonical();
        if let Some(same) = tx.same(&agent, Digest::of(&bytes))? {
            return Ok(ticket(same));
        }
        let display = render(&action, &name, &submission.reason);
        let shown = display.canonical();
        let digest = proposal_digest(&action, &display);
        supersede(tx, &agent, submission.revises.as_ref(), &id, now)?;
        let open = tx.open_count(&agent)?;
        if open >= cap {
            return Err(InboxError::TooManyPending { open });
        }
        for blob in &blobs {
            tx.keep_blob(blob)?;
        }
        let line = summary(&action);
        tx.insert_proposal(&NewProposal {
            id: &id,
            agent: &agent,
            revises: submission.revises.as_ref(),
            verb: action.verb(),
            account: action.account(),
            action: &bytes,
            display: &shown,
            digest,
            summary: &line,
            proposed: now,
            expires,
        })?;
        tx.append(&LogEntry::new(
            now,
            Record::Proposed {
                proposal: id.clone(),
                agent,
                revises: submission.revises,
                verb: action.verb().to_owned(),
                account: action.account().clone(),
                action_sha256: Digest::of(&bytes),
                display_sha256: Digest::of(&shown),
                expires,
            },
        ))?;
        let (to, more) = first_recipient(&action);
        tx.tell(Change::Proposed {
            id: id.to_string(),
            agent: name.as_str().to_owned(),
            does: display.does.clone(),
            to,
            more,
            title: display.title.plain(),
        });
        let row = tx.proposal(&id)?.ok_or(InboxError::NotFound)?;
        Ok(ticket(row))
    }
}

fn choose_account(tx: &Tx<'_>, named: Option<&str>) -> Result<AccountRow, InboxError> {
    let accounts = tx.accounts()?;
    match named {
        Some(id) => accounts.into_iter().find(|a| a.id.as_str() == id),
        None => accounts.into_iter().next(),
    }
    .ok_or_else(|| InboxError::NoAccount(named.unwrap_or("default").to_owned()))
}

/// A revision takes the place of one that still waits, or follows one that was decided against.
fn supersede(
    tx: &mut Tx<'_>,
    agent: &AgentId,
    revises: Option<&ProposalId>,
    by: &ProposalId,
    now: Millis,
) -> Result<(), InboxError> {
    let Some(old) = revises else {
        return Ok(());
    };
    let row = tx
        .proposal(old)?
        .filter(|row| row.agent == *agent)
        .ok_or_else(|| {
            InboxError::Invalid(Invalid {
                field: "revises".to_owned(),
                code: "unknown_proposal",
                message: "there is no such proposal of yours".to_owned(),
                next: "List yours with GET /v1/proposals.",
            })
        })?;
    match row.state {
        State::Rejected | State::Withdrawn | State::Expired | State::Failed => Ok(()),
        State::Pending => {
            let state = tx
                .step(old, State::Pending, Event::Revise, now)?
                .ok_or(InboxError::WrongState(row.state))?;
            tx.note_superseded(old, by)?;
            tx.append(&LogEntry::new(
                now,
                Record::Superseded {
                    proposal: old.clone(),
                    by: by.clone(),
                },
            ))?;
            tx.tell(Change::Moved {
                id: old.to_string(),
                state,
            });
            Ok(())
        }
        State::Held | State::Executing | State::Executed | State::InDoubt | State::Superseded => {
            Err(InboxError::WrongState(row.state))
        }
    }
}

fn first_recipient(action: &Action) -> (Option<String>, u32) {
    match action {
        Action::EmailSend(mail) => {
            let mut all = mail.recipients();
            let first = all.next().map(|r| r.address.as_str().to_owned());
            (first, u32::try_from(all.count()).unwrap_or(u32::MAX))
        }
    }
}

fn summary(action: &Action) -> String {
    let (to, more) = first_recipient(action);
    let more = if more > 0 {
        format!(" +{more}")
    } else {
        String::new()
    };
    match action {
        Action::EmailSend(mail) => format!(
            "Send to {}{more}: {}",
            to.unwrap_or_default(),
            mail.subject.as_str()
        ),
    }
}

fn ticket(row: ProposalRow) -> Ticket {
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
