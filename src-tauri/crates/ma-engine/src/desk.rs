//! The person's side: what the window asks and commands.

use crate::ceremony::{Shown, Subject};
use crate::config::millis;
use crate::engine::{Change, Engine, lock, refusal};
use crate::mime;
use crate::rows;
use crate::store::{HistoryCursor, StoreError};
use crate::view::{CeremonyView, HistoryPage, Item, Refusal, Snapshot};
use ma_core::{Action, Digest, Event, ProposalId, Reason, Record, State};
use std::sync::atomic::Ordering;

const PAGE: u32 = 50;

pub(crate) fn gone() -> Refusal {
    refusal(
        "not_found",
        "There is no such item.",
        "Look at the queue again.",
    )
}

fn proposal_id(id: &str) -> Result<ProposalId, Refusal> {
    id.parse().map_err(|_| gone())
}

fn late(state: State) -> Refusal {
    refusal(
        "wrong_state",
        &format!(
            "It is {} now. Nothing was changed.",
            state.name().replace('_', " ")
        ),
        "Look at the item again.",
    )
}

impl Engine {
    /// Everything that the window's frame needs.
    pub async fn snapshot(&self) -> Result<Snapshot, Refusal> {
        let now = self.now();
        let open = self.store.open_proposals()?;
        let passkeys = lock(&self.ring).active().count();
        let agents = lock(&self.agents)
            .values()
            .filter(|a| a.revoked.is_none() && now < a.expires)
            .count();
        Ok(Snapshot {
            version: self.config.version.clone(),
            passkeys: u32::try_from(passkeys).unwrap_or(u32::MAX),
            agents: u32::try_from(agents).unwrap_or(u32::MAX),
            practised: self.store.has_executed()?,
            paused: self.paused.load(Ordering::SeqCst),
            queue: rows::rows(&open),
            pairings: lock(&self.pairings).waiting(now),
            notices: lock(&self.notices).all(),
            ceremony: lock(&self.ceremonies).view(now),
            now,
        })
    }

    /// One proposal in full.
    pub async fn item(&self, id: &str) -> Result<Item, Refusal> {
        let id = proposal_id(id)?;
        let row = self.store.proposal(&id)?.ok_or_else(gone)?;
        let display = rows::display(&row)?;
        let broken = self.broken(&row);
        let passkey = |id: &str| {
            lock(&self.ring)
                .all()
                .find(|(c, ..)| c.id == id)
                .map(|(c, ..)| c.label.clone())
        };
        let story = self
            .store
            .entries_of(&id)?
            .iter()
            .filter_map(|logged| rows::step(&logged.entry().ok()?, passkey))
            .collect();
        Ok(Item {
            row: rows::row(&row, &display),
            fingerprint: row.digest.fingerprint(),
            digest: row.digest,
            hold: millis(self.config.hold),
            revises: row.revises.map(String::from),
            superseded_by: row.superseded_by.map(String::from),
            rejection: row.rejection,
            outcome: row.outcome.as_ref().map(rows::outcome),
            story,
            broken,
            display,
        })
    }

    /// Begins the gesture that approves. The finished bytes are made now: what is shown is what
    /// is signed is what is sent.
    pub async fn begin_approval(&self, id: &str) -> Result<CeremonyView, Refusal> {
        let id = proposal_id(id)?;
        let row = self.store.proposal(&id)?.ok_or_else(gone)?;
        if row.state != State::Pending {
            return Err(late(row.state));
        }
        if let Some(reason) = self.broken(&row) {
            self.alarm(
                "changed_outside",
                "A proposal was changed outside the app",
                &reason,
            );
            return Err(refusal(
                "changed_outside",
                &reason,
                "Reject it. Restore the database from a backup if more was changed.",
            ));
        }
        let display = rows::display(&row)?;
        let action: Action = serde_json::from_slice(&row.action)
            .map_err(|_| StoreError::Changed("the action cannot be read".to_owned()))?;
        let prepared = self.prepare(&id, &action)?;
        self.begin(
            Subject::Proposal(id),
            Shown {
                action: row.action,
                display: Some(display),
                prepared,
                fingerprint: Some(row.digest.fingerprint()),
            },
        )
    }

    fn prepare(&self, id: &ProposalId, action: &Action) -> Result<Vec<u8>, Refusal> {
        match action {
            Action::EmailSend(mail) => {
                let mut attachments = Vec::with_capacity(mail.attachments.len());
                for said in &mail.attachments {
                    let bytes = self
                        .store
                        .blob(said.sha256)?
                        .filter(|bytes| Digest::of(bytes) == said.sha256)
                        .ok_or_else(|| {
                            StoreError::Changed(format!(
                                "{} is not what was proposed",
                                said.name.as_str()
                            ))
                        })?;
                    attachments.push(bytes);
                }
                mime::compose(id, mail, attachments, self.now()).map_err(|e| {
                    refusal(
                        "cannot_prepare",
                        &format!("{e}. Nothing was approved."),
                        "Reject it, and ask the agent to write it differently.",
                    )
                })
            }
        }
    }

    /// The person says no, and why. No gesture: it takes nothing away that was given.
    pub async fn reject(&self, id: &str, reason: &str) -> Result<(), Refusal> {
        let id = proposal_id(id)?;
        let reason = Reason::parse(reason.replace("\r\n", "\n").trim())
            .map_err(|e| refusal("reason", &format!("The reason: {}.", e.message), e.next))?;
        let now = self.now();
        self.store
            .write(move |tx| {
                let row = tx.proposal(&id)?.ok_or_else(gone)?;
                let rejected = Record::Rejected {
                    proposal: id.clone(),
                    reason: reason.as_str().to_owned(),
                };
                tx.advance(&id, row.state, Event::Reject, now, rejected)?
                    .ok_or_else(|| late(row.state))?;
                tx.note_rejection(&id, reason.as_str())?;
                Ok::<_, Refusal>(())
            })
            .await
    }

    /// The person takes an approval back while it is held.
    pub async fn undo(&self, id: &str) -> Result<(), Refusal> {
        self.step(id, Event::Undo, |proposal| Record::Undone { proposal })
            .await
    }

    /// The person found out how an execution in doubt ended. It only writes that down.
    pub async fn settle(&self, id: &str, happened: bool) -> Result<(), Refusal> {
        let event = if happened {
            Event::SettleDone
        } else {
            Event::SettleNotDone
        };
        self.step(id, event, move |proposal| Record::Settled {
            proposal,
            happened,
        })
        .await
    }

    async fn step(
        &self,
        id: &str,
        event: Event,
        record: impl FnOnce(ProposalId) -> Record + Send + 'static,
    ) -> Result<(), Refusal> {
        let id = proposal_id(id)?;
        let now = self.now();
        self.store
            .write(move |tx| {
                let row = tx.proposal(&id)?.ok_or_else(gone)?;
                tx.advance(&id, row.state, event, now, record(id.clone()))?
                    .ok_or_else(|| late(row.state))?;
                Ok::<_, Refusal>(())
            })
            .await?;
        // Else an older copy of the database would bring the approval back.
        self.pin_head().await;
        self.wake.notify_one();
        Ok(())
    }

    /// What has ended, newest first; what is in doubt before it.
    pub async fn history(&self, older: Option<&str>) -> Result<HistoryPage, Refusal> {
        let cursor = older.and_then(|text| {
            let (changed, id) = text.split_once('.')?;
            Some(HistoryCursor {
                changed: changed.parse().ok()?,
                id: id.to_owned(),
            })
        });
        let ended = self.store.ended(cursor.as_ref(), PAGE + 1)?;
        let page: Vec<_> = ended.iter().take(PAGE as usize).cloned().collect();
        let more = ended.len() > page.len();
        let to_settle = if cursor.is_none() {
            rows::rows(&self.store.in_doubt()?)
        } else {
            Vec::new()
        };
        Ok(HistoryPage {
            to_settle,
            older: page
                .last()
                .filter(|_| more)
                .map(|last| format!("{}.{}", last.changed, last.id)),
            rows: rows::rows(&page),
        })
    }

    /// Puts a notice away.
    pub async fn dismiss(&self, code: &str) -> Result<(), Refusal> {
        lock(&self.notices).dismiss(code);
        self.tell(Change::Other);
        Ok(())
    }

    /// Something that only the shell can know, e.g. that a door did not open.
    pub fn note(&self, notice: crate::view::Notice) {
        lock(&self.notices).put(notice);
        self.tell(Change::Other);
    }
}
