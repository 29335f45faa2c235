//! Proposals.

use super::{Store, StoreError, Tx};
use crate::Change;
use ma_core::{
    AccountId, AgentId, Digest, Event, LogEntry, Millis, Outcome, ProposalId, Record, State,
    TicketFilter, apply,
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

/// A proposal as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct ProposalRow {
    pub(crate) id: ProposalId,
    pub(crate) agent: AgentId,
    pub(crate) revises: Option<ProposalId>,
    pub(crate) verb: String,
    pub(crate) account: AccountId,
    pub(crate) action: Vec<u8>,
    pub(crate) display: Vec<u8>,
    pub(crate) action_sha256: Digest,
    pub(crate) display_sha256: Digest,
    pub(crate) digest: Digest,
    pub(crate) summary: String,
    pub(crate) proposed: Millis,
    pub(crate) expires: Millis,
    pub(crate) state: State,
    pub(crate) changed: Millis,
    pub(crate) leaves: Option<Millis>,
    pub(crate) approval_seq: Option<u64>,
    pub(crate) rejection: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) superseded_by: Option<ProposalId>,
}

/// A proposal to write.
pub(crate) struct NewProposal<'a> {
    pub(crate) id: &'a ProposalId,
    pub(crate) agent: &'a AgentId,
    pub(crate) revises: Option<&'a ProposalId>,
    pub(crate) verb: &'a str,
    pub(crate) account: &'a AccountId,
    pub(crate) action: &'a [u8],
    pub(crate) display: &'a [u8],
    pub(crate) action_sha256: Digest,
    pub(crate) display_sha256: Digest,
    pub(crate) digest: Digest,
    pub(crate) summary: &'a str,
    pub(crate) proposed: Millis,
    pub(crate) expires: Millis,
}

/// Where a page of the history ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryCursor {
    pub(crate) changed: Millis,
    pub(crate) id: String,
}

const COLUMNS: &str = "id, agent, revises, verb, account, action, display, digest, summary, \
    proposed, expires, state, changed, leaves, approval_seq, rejection, outcome, superseded_by, \
    action_sha256, display_sha256";

fn text_as<T: std::str::FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    text.parse().map_err(|_| broken(index))
}

fn broken(index: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(index, "unreadable".to_owned(), rusqlite::types::Type::Text)
}

fn proposal(row: &Row<'_>) -> rusqlite::Result<ProposalRow> {
    let state: String = row.get(11)?;
    let outcome: Option<Vec<u8>> = row.get(16)?;
    let optional = |index: usize| -> rusqlite::Result<Option<ProposalId>> {
        row.get::<_, Option<String>>(index)?
            .map(|t| t.parse().map_err(|_| broken(index)))
            .transpose()
    };
    Ok(ProposalRow {
        id: text_as(row, 0)?,
        agent: text_as(row, 1)?,
        revises: optional(2)?,
        verb: row.get(3)?,
        account: text_as(row, 4)?,
        action: row.get(5)?,
        display: row.get(6)?,
        digest: Digest::from_bytes(row.get(7)?),
        summary: row.get(8)?,
        proposed: row.get(9)?,
        expires: row.get(10)?,
        state: State::from_name(&state).ok_or_else(|| broken(11))?,
        changed: row.get(12)?,
        leaves: row.get(13)?,
        approval_seq: row.get::<_, Option<i64>>(14)?.map(i64::cast_unsigned),
        rejection: row.get(15)?,
        outcome: outcome
            .map(|o| serde_json::from_slice(&o).map_err(|_| broken(16)))
            .transpose()?,
        superseded_by: optional(17)?,
        action_sha256: Digest::from_bytes(row.get(18)?),
        display_sha256: Digest::from_bytes(row.get(19)?),
    })
}

fn select(
    connection: &Connection,
    rest: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<ProposalRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM proposal {rest}"))?;
    let rows = statement.query_map(values, proposal)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

const OPEN: &str = "state IN ('pending', 'held', 'executing', 'in_doubt')";

impl Tx<'_> {
    /// The proposal of that id.
    pub(crate) fn proposal(&self, id: &ProposalId) -> Result<Option<ProposalRow>, StoreError> {
        Ok(select(self.sql(), "WHERE id = ?1", &[&id.as_str()])?.pop())
    }

    /// The open proposal of this agent with this action, if there is one.
    pub(crate) fn same(
        &self,
        agent: &AgentId,
        action: Digest,
    ) -> Result<Option<ProposalRow>, StoreError> {
        let rest =
            format!("INDEXED BY proposal_open WHERE agent = ?1 AND action_sha256 = ?2 AND {OPEN}");
        Ok(select(self.sql(), &rest, &[&agent.as_str(), action.as_bytes()])?.pop())
    }

    /// How many proposals of this agent are open.
    pub(crate) fn open_count(&self, agent: &AgentId) -> Result<usize, StoreError> {
        let count: i64 = self
            .sql()
            .prepare_cached(&format!(
                "SELECT count(*) FROM proposal INDEXED BY proposal_open WHERE agent = ?1 AND {OPEN}"
            ))?
            .query_row([agent.as_str()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Writes a new proposal, pending.
    pub(crate) fn insert_proposal(&self, new: &NewProposal<'_>) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached(
                "INSERT INTO proposal (id, agent, revises, verb, account, action, display,
                   action_sha256, display_sha256, digest, summary, proposed, expires, state, changed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'pending', ?12)",
            )?
            .execute(params![
                new.id.as_str(),
                new.agent.as_str(),
                new.revises.map(ProposalId::as_str),
                new.verb,
                new.account.as_str(),
                new.action,
                new.display,
                new.action_sha256.as_bytes(),
                new.display_sha256.as_bytes(),
                new.digest.as_bytes(),
                new.summary,
                new.proposed,
                new.expires,
            ])?;
        Ok(())
    }

    /// Keeps bytes by their hash.
    pub(crate) fn keep_blob(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let digest = Digest::of(bytes);
        self.sql()
            .prepare_cached(
                "INSERT INTO blob (sha256, bytes) VALUES (?1, ?2) ON CONFLICT (sha256) DO NOTHING",
            )?
            .execute(params![digest.as_bytes(), bytes])?;
        Ok(())
    }

    /// One step of the lifecycle with its entry in the log; everybody is told. `None`, and nothing
    /// written, if the state does not allow it.
    pub(crate) fn advance(
        &mut self,
        id: &ProposalId,
        from: State,
        event: Event,
        now: Millis,
        record: Record,
    ) -> Result<Option<State>, StoreError> {
        let Some(state) = self.step(id, from, event, now)? else {
            return Ok(None);
        };
        self.append(&LogEntry::new(now, record))?;
        self.tell(Change::Moved {
            id: id.to_string(),
            state,
        });
        Ok(Some(state))
    }

    /// One step of the lifecycle, as a compare-and-set: `None` if the state does not allow it.
    pub(crate) fn step(
        &self,
        id: &ProposalId,
        from: State,
        event: Event,
        now: Millis,
    ) -> Result<Option<State>, StoreError> {
        let Ok(next) = apply(from, event) else {
            return Ok(None);
        };
        let moved = self
            .sql()
            .prepare_cached(
                "UPDATE proposal SET state = ?1, changed = ?2, leaves = NULL
                 WHERE id = ?3 AND state = ?4",
            )?
            .execute(params![next.name(), now, id.as_str(), from.name()])?;
        Ok((moved == 1).then_some(next))
    }

    /// Notes what an approval brought.
    pub(crate) fn note_approval(
        &self,
        id: &ProposalId,
        seq: u64,
        prepared: &[u8],
        leaves: Millis,
    ) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached(
                "UPDATE proposal SET approval_seq = ?1, prepared = ?2, leaves = ?3 WHERE id = ?4",
            )?
            .execute(params![seq.cast_signed(), prepared, leaves, id.as_str()])?;
        Ok(())
    }

    /// Sets when a held proposal leaves.
    pub(crate) fn note_leaves(&self, id: &ProposalId, leaves: Millis) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached("UPDATE proposal SET leaves = ?1 WHERE id = ?2 AND state = 'held'")?
            .execute(params![leaves, id.as_str()])?;
        Ok(())
    }

    /// Notes the person's reason.
    pub(crate) fn note_rejection(&self, id: &ProposalId, reason: &str) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached("UPDATE proposal SET rejection = ?1 WHERE id = ?2")?
            .execute(params![reason, id.as_str()])?;
        Ok(())
    }

    /// Notes how it ended.
    pub(crate) fn note_outcome(
        &self,
        id: &ProposalId,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached("UPDATE proposal SET outcome = ?1 WHERE id = ?2")?
            .execute(params![ma_core::canonical(outcome), id.as_str()])?;
        Ok(())
    }

    /// Notes the revision that took its place.
    pub(crate) fn note_superseded(
        &self,
        id: &ProposalId,
        by: &ProposalId,
    ) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached("UPDATE proposal SET superseded_by = ?1 WHERE id = ?2")?
            .execute(params![by.as_str(), id.as_str()])?;
        Ok(())
    }
}

impl Store {
    /// The proposal of that id.
    pub(crate) fn proposal(&self, id: &ProposalId) -> Result<Option<ProposalRow>, StoreError> {
        self.read(|c| Ok(select(c, "WHERE id = ?1", &[&id.as_str()])?.pop()))
    }

    /// Everything that is open, newest first.
    pub(crate) fn open_proposals(&self) -> Result<Vec<ProposalRow>, StoreError> {
        self.read(|c| select(c, &format!("WHERE {OPEN} ORDER BY proposed DESC, id"), &[]))
    }

    /// What is pending and has expired, and what is held and may leave.
    pub(crate) fn due_proposals(&self, now: Millis) -> Result<Vec<ProposalRow>, StoreError> {
        self.read(|c| {
            let expired = format!("WHERE {OPEN} AND state = 'pending' AND expires <= ?1");
            let mut due = select(c, &expired, &[&now])?;
            due.extend(select(
                c,
                "WHERE state = 'held' AND leaves <= ?1 ORDER BY leaves",
                &[&now],
            )?);
            Ok(due)
        })
    }

    /// An agent's own, newest first.
    pub(crate) fn proposals_of(
        &self,
        agent: &AgentId,
        filter: TicketFilter,
    ) -> Result<Vec<ProposalRow>, StoreError> {
        let open = if filter.open {
            format!("AND {OPEN}")
        } else {
            String::new()
        };
        let rest = format!("WHERE agent = ?1 {open} ORDER BY proposed DESC, id LIMIT ?2");
        self.read(|c| select(c, &rest, &[&agent.as_str(), &filter.limit]))
    }

    /// What is in doubt.
    pub(crate) fn in_doubt(&self) -> Result<Vec<ProposalRow>, StoreError> {
        self.read(|c| select(c, "WHERE state = 'in_doubt' ORDER BY changed DESC", &[]))
    }

    /// What has ended, newest first.
    pub(crate) fn ended(
        &self,
        older: Option<&HistoryCursor>,
        limit: u32,
    ) -> Result<Vec<ProposalRow>, StoreError> {
        let ended = format!("NOT ({OPEN})");
        self.read(|c| match older {
            None => select(
                c,
                &format!("WHERE {ended} ORDER BY changed DESC, id LIMIT ?1"),
                &[&limit],
            ),
            Some(cursor) => select(
                c,
                &format!(
                    "WHERE {ended} AND (changed < ?1 OR (changed = ?1 AND id > ?2))
                     ORDER BY changed DESC, id LIMIT ?3"
                ),
                &[&cursor.changed, &cursor.id, &limit],
            ),
        })
    }

    /// When the next held one leaves, and when the next pending one expires.
    pub(crate) fn next_times(&self) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
        self.read(|c| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT (SELECT min(leaves) FROM proposal WHERE state = 'held'),
                        (SELECT min(expires) FROM proposal WHERE {OPEN} AND state = 'pending')",
            ))?;
            Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }

    /// The bytes that were approved.
    pub(crate) fn prepared(&self, id: &ProposalId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|c| {
            Ok(c.query_row(
                "SELECT prepared FROM proposal WHERE id = ?1",
                [id.as_str()],
                |row| row.get(0),
            )
            .optional()?
            .flatten())
        })
    }

    /// Kept bytes.
    pub(crate) fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|c| {
            Ok(c.query_row(
                "SELECT bytes FROM blob WHERE sha256 = ?1",
                [digest.as_bytes()],
                |row| row.get(0),
            )
            .optional()?)
        })
    }

    /// Something has been executed before.
    pub(crate) fn has_executed(&self) -> Result<bool, StoreError> {
        self.read(|c| {
            Ok(c.query_row(
                "SELECT EXISTS (SELECT 1 FROM proposal WHERE state = 'executed')",
                [],
                |row| row.get(0),
            )?)
        })
    }
}
