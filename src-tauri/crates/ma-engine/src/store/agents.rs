//! Agents and their keys, stored hashed.

use super::{Store, StoreError, Tx};
use ma_core::{AgentId, AgentName, Digest, Millis};
use rusqlite::{Row, params};

/// An agent as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct AgentRow {
    pub(crate) id: AgentId,
    pub(crate) name: AgentName,
    pub(crate) key_sha256: Digest,
    pub(crate) paired: Millis,
    pub(crate) expires: Millis,
    pub(crate) revoked: Option<Millis>,
    pub(crate) last_used: Option<Millis>,
}

fn agent(row: &Row<'_>) -> rusqlite::Result<AgentRow> {
    let unreadable = |index: usize| {
        rusqlite::Error::InvalidColumnType(index, "agent".to_owned(), rusqlite::types::Type::Text)
    };
    Ok(AgentRow {
        id: row
            .get::<_, String>(0)?
            .parse()
            .map_err(|_| unreadable(0))?,
        name: AgentName::parse(row.get::<_, String>(1)?).map_err(|_| unreadable(1))?,
        key_sha256: Digest::from_bytes(row.get(2)?),
        paired: row.get(3)?,
        expires: row.get(4)?,
        revoked: row.get(5)?,
        last_used: row.get(6)?,
    })
}

impl Tx<'_> {
    /// Writes a new agent.
    pub(crate) fn insert_agent(&self, agent: &AgentRow) -> Result<(), StoreError> {
        self.sql().execute(
            "INSERT INTO agent (id, name, key_sha256, paired, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                agent.id.as_str(),
                agent.name.as_str(),
                agent.key_sha256.as_bytes(),
                agent.paired,
                agent.expires
            ],
        )?;
        Ok(())
    }

    /// Ends an agent's key. False if it had ended before.
    pub(crate) fn revoke_agent(&self, id: &AgentId, now: Millis) -> Result<bool, StoreError> {
        let ended = self.sql().execute(
            "UPDATE agent SET revoked = ?1 WHERE id = ?2 AND revoked IS NULL",
            params![now, id.as_str()],
        )?;
        Ok(ended == 1)
    }

    /// Notes that a key was used.
    pub(crate) fn note_use(&self, id: &AgentId, now: Millis) -> Result<(), StoreError> {
        self.sql()
            .prepare_cached("UPDATE agent SET last_used = ?1 WHERE id = ?2")?
            .execute(params![now, id.as_str()])?;
        Ok(())
    }
}

impl Store {
    /// All agents, the newest first.
    pub(crate) fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare(
                "SELECT id, name, key_sha256, paired, expires, revoked, last_used FROM agent
                 ORDER BY revoked IS NOT NULL, paired DESC",
            )?;
            let rows = statement.query_map([], agent)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
    }
}
