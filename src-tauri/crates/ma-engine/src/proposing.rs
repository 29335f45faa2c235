//! Putting something forward: parsed, resolved, shown, stored and logged in one transaction.

use crate::chance;
use crate::config::millis;
use crate::engine::{Change, Engine, lock};
use crate::inbox::ticket;
use crate::schedule::LONGEST_SLEEP;
use crate::store::{AccountRow, NewProposal, Tx};
use ma_core::{
    AccountId, Action, AgentId, AgentName, Canonical, Digest, Display, Event, InboxError, Invalid,
    LogEntry, Millis, ProposalId, Record, State, Submission, Ticket, proposal_digest, render,
};
use std::sync::atomic::Ordering;
use std::time::Duration;

const LONGEST_EXPIRY: Duration = Duration::from_secs(30 * 24 * 3600);
const SHORTEST_EXPIRY: Duration = Duration::from_secs(60);

impl Engine {
    pub(crate) async fn put_forward(
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
        let named = submission.draft.account().map(AccountId::as_str);
        let account = choose_account(&lock(&self.accounts), named)?;
        let (action, blobs) = submission
            .draft
            .resolve(&account.sender())
            .map_err(|e| e.within("action"))?;
        let display = render(&action, &name, &submission.reason);
        let (bytes, shown) = (action.canonical(), display.canonical());
        // All of it is made here: the one writer only writes.
        let job = Proposing {
            id,
            agent,
            name,
            revises: submission.revises,
            action_sha256: Digest::of(&bytes),
            display_sha256: Digest::of(&shown),
            digest: proposal_digest(&bytes, &shown),
            bytes,
            shown,
            action,
            display,
            blobs,
            now,
            expires,
            cap: self.config.limits.open_per_agent,
        };
        let ticket = self.store.write(move |tx| job.run(tx)).await?;
        // What is due later than the schedule sleeps is found when it looks by itself.
        if expires - now <= LONGEST_SLEEP {
            self.wake.notify_one();
        }
        Ok(ticket)
    }

    fn expiry(&self, asked: Option<Duration>) -> Result<Duration, InboxError> {
        match asked {
            None => {
                let days = self.expiry_days.load(Ordering::SeqCst);
                Ok(Duration::from_secs(u64::from(days) * 24 * 3600))
            }
            Some(asked) if (SHORTEST_EXPIRY..=LONGEST_EXPIRY).contains(&asked) => Ok(asked),
            Some(_) => Err(InboxError::Invalid(Invalid {
                field: "expires_in".to_owned(),
                code: "out_of_range",
                message: "it is not between one minute and 30 days".to_owned(),
                next: "Leave it out, or give seconds from 60 to 2592000.",
            })),
        }
    }
}

struct Proposing {
    id: ProposalId,
    agent: AgentId,
    name: AgentName,
    revises: Option<ProposalId>,
    action: Action,
    bytes: Vec<u8>,
    display: Display,
    shown: Vec<u8>,
    action_sha256: Digest,
    display_sha256: Digest,
    digest: Digest,
    blobs: Vec<Vec<u8>>,
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
            revises,
            action,
            bytes,
            display,
            shown,
            action_sha256,
            display_sha256,
            digest,
            blobs,
            now,
            expires,
            cap,
        } = self;
        if let Some(same) = tx.same(&agent, action_sha256)? {
            return Ok(ticket(same));
        }
        supersede(tx, &agent, revises.as_ref(), &id, now)?;
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
            revises: revises.as_ref(),
            verb: action.verb(),
            account: action.account(),
            action: &bytes,
            display: &shown,
            action_sha256,
            display_sha256,
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
                revises: revises.clone(),
                verb: action.verb().to_owned(),
                account: action.account().clone(),
                action_sha256,
                display_sha256,
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
        Ok(Ticket {
            state: State::Pending,
            verb: action.verb().to_owned(),
            account: action.account().clone(),
            summary: line,
            digest,
            proposed: now,
            expires,
            revises,
            superseded_by: None,
            rejection: None,
            outcome: None,
            changed: now,
            id,
        })
    }
}

fn choose_account(accounts: &[AccountRow], named: Option<&str>) -> Result<AccountRow, InboxError> {
    match named {
        Some(id) => accounts.iter().find(|a| a.id.as_str() == id),
        None => accounts.first(),
    }
    .cloned()
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
            let superseded = Record::Superseded {
                proposal: old.clone(),
                by: by.clone(),
            };
            tx.advance(old, State::Pending, Event::Revise, now, superseded)?
                .ok_or(InboxError::WrongState(row.state))?;
            tx.note_superseded(old, by)?;
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
