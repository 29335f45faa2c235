//! What happens by itself, at its time: a hold that is over, an expiry. It sleeps until then,
//! without a tick.

use crate::config::millis;
use crate::connector::{Connector, Practice, Smtp, not_done};
use crate::engine::{Change, Engine, lock};
use crate::pipeline::{Approved, Content, Mismatch, Started};
use crate::store::{ProposalRow, StoreError};
use ma_core::tree::TreeRoot;
use ma_core::{
    AccountId, Action, Canonical, Digest, Display, Event, LogEntry, Millis, Outcome, ProposalId,
    Record, State, proposal_digest,
};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The clock may be set while we sleep: never sleep longer than this.
pub(crate) const LONGEST_SLEEP: Millis = 3_600_000;

/// How soon a database that gave an error is asked again.
const BUSY: Duration = Duration::from_millis(500);

/// Why what was approved does not run now.
enum Halt {
    /// It cannot be known: nothing could be read. It is looked at again.
    Unread(StoreError),
    /// It is not what was approved: it never runs.
    Mismatch(Mismatch),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Changed(_) => Self::Mismatch(Mismatch(error.to_string())),
            StoreError::Full | StoreError::Sqlite(_) | StoreError::Closed => Self::Unread(error),
        }
    }
}

impl From<Mismatch> for Halt {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(mismatch)
    }
}

fn differs(what: impl Into<String>) -> Halt {
    Halt::Mismatch(Mismatch(what.into()))
}

pub(crate) fn spawn(engine: &Arc<Engine>) {
    let weak = Arc::downgrade(engine);
    let mut closing = engine.closing.subscribe();
    tokio::spawn(async move {
        loop {
            let Some(engine) = weak.upgrade() else { return };
            let sleep = engine.look().await;
            let woken = engine.wake.notified();
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(sleep) => {}
                _ = closing.changed() => return,
            }
        }
    });
}

impl Engine {
    /// Makes the schedule look again, e.g. after the clock was set.
    pub fn look_again(&self) {
        self.wake.notify_one();
    }

    /// Does what is due. Gives how long nothing will be.
    async fn look(&self) -> Duration {
        if self.install.is_none() || lock(&self.sealed).is_some() {
            return Duration::from_secs(3600);
        }
        let mut done = self.due().await;
        if matches!(done, Err(StoreError::Sqlite(_))) {
            // A file that is busy for a moment holds up nobody for long.
            tokio::time::sleep(BUSY).await;
            done = self.due().await;
        }
        match done {
            Ok(()) => {}
            Err(StoreError::Changed(what)) => {
                self.refuse_everything(&crate::trust::changed(&what));
                self.tell(Change::Other);
                return Duration::from_secs(3600);
            }
            Err(error) => {
                self.alarm("schedule", "Something could not be written down", &format!(
                    "{error}. What was approved waits. Make room on the disk, then start the app again."
                ));
                return Duration::from_secs(30);
            }
        }
        let now = self.now();
        let (leaves, expires) = self.store.next_times().unwrap_or_default();
        let leaves = leaves.filter(|_| !self.paused.load(Ordering::SeqCst));
        let next = [leaves, expires, lock(&self.pairings).next_end()]
            .into_iter()
            .flatten()
            .min()
            .map_or(LONGEST_SLEEP, |at| (at - now).clamp(1, LONGEST_SLEEP));
        Duration::from_millis(next.unsigned_abs())
    }

    async fn due(&self) -> Result<(), StoreError> {
        let now = self.now();
        for row in self.store.due_proposals(now)? {
            match row.state {
                State::Pending => self.expire(&row, now).await?,
                State::Held => {
                    if !self.paused.load(Ordering::SeqCst) {
                        self.run(&row).await?;
                    }
                }
                State::Executing
                | State::Executed
                | State::Failed
                | State::InDoubt
                | State::Rejected
                | State::Withdrawn
                | State::Superseded
                | State::Expired => {}
            }
        }
        Ok(())
    }

    async fn expire(&self, row: &ProposalRow, now: Millis) -> Result<(), StoreError> {
        let id = row.id.clone();
        self.store
            .write(move |tx| {
                let expired = Record::Expired {
                    proposal: id.clone(),
                };
                tx.advance(&id, State::Pending, Event::Expire, now, expired)?;
                Ok(())
            })
            .await
    }

    /// The hold is over: everything is verified again, the start is written down, and the
    /// connector is asked, in a task of its own.
    async fn run(&self, row: &ProposalRow) -> Result<(), StoreError> {
        let approved = match self.verify_again(row) {
            Ok(approved) => approved,
            Err(Halt::Mismatch(mismatch)) => return self.void(&row.id, &mismatch).await,
            Err(Halt::Unread(error)) => return Err(error),
        };
        let Some(started) = self.start(approved).await? else {
            return Ok(());
        };
        let Some(engine) = self.me.upgrade() else {
            return Ok(());
        };
        tokio::spawn(async move { engine.carry_out(started).await });
        Ok(())
    }

    /// From the stored bytes and the log alone.
    fn verify_again(&self, row: &ProposalRow) -> Result<Approved, Halt> {
        let missing = |what: &str| differs(format!("{what} is missing"));
        let head = *lock(&self.head);
        if self.store.root_at(head.size)? != head {
            return Err(differs("the log is not the one that this app wrote"));
        }
        let seq = row.approval_seq.ok_or_else(|| missing("the approval"))?;
        let logged = self
            .store
            .entry(seq)?
            .ok_or_else(|| missing("the approval's entry"))?;
        let proof = self.store.inclusion(head.size, seq)?;
        ma_core::tree::inclusion(&proof, head, seq, &logged.bytes)
            .map_err(|_| differs("the approval's entry was changed"))?;
        let entry = logged.entry()?;
        // When it leaves stands in the row alone; that the person had the time to undo, in the log.
        if self.now() < entry.at + millis(self.config.hold) {
            return Err(differs("the time to undo was cut short"));
        }
        let Record::Approved { proposal, approval } = entry.record else {
            return Err(differs("the approval's entry is something else"));
        };
        if proposal != row.id {
            return Err(differs("the approval is about another proposal"));
        }
        let p = &approval.preimage;
        let signed = self.store.root_at(p.log_size)?;
        if signed.hash != p.log_root {
            return Err(differs(
                "the log that was signed is not the beginning of this one",
            ));
        }
        let prepared = self
            .store
            .prepared(&row.id)?
            .ok_or_else(|| missing("the finished mail"))?;
        let ring = lock(&self.ring).clone();
        let content = Content {
            subject: row.id.to_string(),
            action: row.action.clone(),
            display: row.display.clone(),
            prepared,
        };
        let approved = Approved::verify(row.id.clone(), &approval, content, &ring)?;
        self.unused(&row.id, seq, head)?;
        if self.broken(row).is_some() {
            return Err(differs("what is stored is not what was proposed"));
        }
        Ok(approved)
    }

    /// An approval is good for one execution: no later entry is about its proposal.
    fn unused(&self, id: &ProposalId, approval: u64, head: TreeRoot) -> Result<(), Halt> {
        let changed = || differs("the entries after the approval were changed");
        for seq in approval + 1..head.size {
            let logged = self.store.entry(seq)?.ok_or_else(changed)?;
            let proof = self.store.inclusion(head.size, seq)?;
            ma_core::tree::inclusion(&proof, head, seq, &logged.bytes).map_err(|_| changed())?;
            if logged.entry()?.record.proposal() == Some(id) {
                return Err(differs("the approval was used or undone already"));
            }
        }
        Ok(())
    }

    async fn start(&self, approved: Approved) -> Result<Option<Started>, StoreError> {
        let now = self.now();
        let id = approved.id().clone();
        let begun = self
            .store
            .write(move |tx| {
                let started = Record::Started {
                    proposal: id.clone(),
                };
                tx.advance(&id, State::Held, Event::Start, now, started)
            })
            .await?;
        Ok(begun.map(|_| approved.start()))
    }

    async fn carry_out(&self, started: Started) {
        // Before anything leaves: an older copy of the database must not send it again.
        self.pin_head().await;
        let outcome = self.execute(&started).await;
        let ended = started.end(outcome);
        let doubtful = matches!(ended.outcome, Outcome::Unknown { .. });
        if let Err(error) = self.note_end(&ended.id, ended.outcome, self.now()).await {
            // It stays "executing" and is in doubt at the next start.
            self.alarm("outcome_lost", "An outcome could not be written down", &format!(
                "{error}. Whether {} was sent is asked at the next start; it is not sent again.", ended.id
            ));
        } else if doubtful {
            self.tell(Change::Other);
        }
        self.wake.notify_one();
    }

    async fn execute(&self, started: &Started) -> Outcome {
        // The one that was shown and signed, not the one in the row.
        let account = started.action().account();
        if *account == AccountId::practice() {
            return Practice::new(Arc::clone(&self.store), &self.config.home, self.now())
                .execute(started)
                .await;
        }
        match self.smtp(account).await {
            Ok(server) => Smtp(server).execute(started).await,
            Err(refusal) => not_done(&refusal.code, refusal.message, &refusal.next),
        }
    }

    /// What was approved no longer matches: nothing runs, the person is told.
    async fn void(&self, id: &ProposalId, mismatch: &Mismatch) -> Result<(), StoreError> {
        let now = self.now();
        let reason = mismatch.to_string();
        self.alarm(
            "stopped",
            "An approved item was stopped",
            &format!("{reason}. Nothing was sent. The database was changed from outside, or its passkey was removed."),
        );
        let id = id.clone();
        self.store
            .write(move |tx| {
                let voided = Record::Voided {
                    proposal: id.clone(),
                    reason: reason.clone(),
                };
                let moved = tx.advance(&id, State::Held, Event::Void, now, voided)?;
                if moved.is_some() {
                    let next = "Propose it again if it is still wanted.";
                    tx.note_outcome(&id, &not_done("stopped", reason, next))?;
                }
                Ok(())
            })
            .await
    }

    /// The proposal's stored bytes are those of its log entry.
    pub(crate) fn broken(&self, row: &ProposalRow) -> Option<String> {
        let entries = match self.store.entries_of(&row.id) {
            Ok(entries) => entries,
            Err(error) => return Some(error.to_string()),
        };
        let head = *lock(&self.head);
        let Some(first) = entries.first() else {
            return Some("Its entry in the log is missing. It cannot be approved.".to_owned());
        };
        let proof = self.store.inclusion(head.size, first.seq).ok();
        let placed = proof.is_some_and(|proof| {
            ma_core::tree::inclusion(&proof, head, first.seq, &first.bytes).is_ok()
        });
        let same = first.entry().is_ok_and(|entry| {
            let (action, display) = (Digest::of(&row.action), Digest::of(&row.display));
            let proposed = Record::Proposed {
                proposal: row.id.clone(),
                agent: row.agent.clone(),
                revises: row.revises.clone(),
                verb: row.verb.clone(),
                account: row.account.clone(),
                action_sha256: action,
                display_sha256: display,
                expires: row.expires,
            };
            entry == LogEntry::new(row.proposed, proposed)
                && (row.action_sha256, row.display_sha256) == (action, display)
        });
        let fits = canonical_as::<Action>(&row.action)
            && canonical_as::<Display>(&row.display)
            && proposal_digest(&row.action, &row.display) == row.digest;
        (!placed || !same || !fits).then(|| {
            "What is stored is not what was proposed: it was changed outside the app. It cannot be \
             approved."
                .to_owned()
        })
    }
}

/// These bytes are the canonical form of such a value.
fn canonical_as<T: DeserializeOwned + Canonical>(bytes: &[u8]) -> bool {
    serde_json::from_slice::<T>(bytes).is_ok_and(|value| value.canonical() == bytes)
}
