//! The log's tables.

use super::{Signer, Store, StoreError};
use ma_core::tree::{self, Hashes, TreeRoot};
use ma_core::{Canonical, Digest, LogEntry, ProposalId};
use ma_receipt::sign_checkpoint;
use rusqlite::{Connection, OptionalExtension, params};

/// The stored hashes of the tree.
pub(super) struct Stored<'a>(pub(super) &'a Connection);

impl Hashes for Stored<'_> {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT hash FROM log_hash WHERE idx = ?1")
            .ok()?;
        indexes
            .iter()
            .map(|index| {
                let hash: [u8; 32] = statement
                    .query_row([index.cast_signed()], |row| row.get(0))
                    .ok()?;
                Some(Digest::from_bytes(hash))
            })
            .collect()
    }
}

fn tree_error(error: &tree::TreeError) -> StoreError {
    StoreError::Changed(error.to_string())
}

fn size(connection: &Connection) -> Result<u64, StoreError> {
    let size: i64 = connection
        .prepare_cached("SELECT coalesce(max(seq) + 1, 0) FROM log")?
        .query_row([], |row| row.get(0))?;
    Ok(size.cast_unsigned())
}

pub(super) fn root(connection: &Connection) -> Result<TreeRoot, StoreError> {
    tree::root(size(connection)?, &Stored(connection)).map_err(|e| tree_error(&e))
}

pub(super) fn append(connection: &Connection, entry: &LogEntry) -> Result<u64, StoreError> {
    let seq = size(connection)?;
    let bytes = entry.canonical();
    let (first, hashes) =
        tree::append(seq, &bytes, &Stored(connection)).map_err(|e| tree_error(&e))?;
    connection
        .prepare_cached("INSERT INTO log (seq, proposal, entry) VALUES (?1, ?2, ?3)")?
        .execute(params![
            seq.cast_signed(),
            entry.record.proposal().map(ProposalId::as_str),
            bytes
        ])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO log_hash (idx, hash) VALUES (?1, ?2)")?;
    for (index, hash) in (first..).zip(hashes) {
        insert.execute(params![index.cast_signed(), hash.as_bytes()])?;
    }
    Ok(seq)
}

pub(super) fn checkpoint(
    connection: &Connection,
    signer: &Signer,
    root: TreeRoot,
) -> Result<(), StoreError> {
    let note = sign_checkpoint(&signer.install, &signer.key, root)
        .map_err(|e| StoreError::Sqlite(e.to_string()))?;
    connection
        .prepare_cached("INSERT INTO checkpoint (size, note) VALUES (?1, ?2)")?
        .execute(params![root.size.cast_signed(), note])?;
    Ok(())
}

/// An entry as it stands in the file.
pub(crate) struct Logged {
    /// Its index, from 0.
    pub(crate) seq: u64,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Logged {
    /// Reads it.
    pub(crate) fn entry(&self) -> Result<LogEntry, StoreError> {
        serde_json::from_slice(&self.bytes)
            .map_err(|_| StoreError::Changed(format!("entry {} cannot be read", self.seq + 1)))
    }
}

fn logged(row: &rusqlite::Row<'_>) -> rusqlite::Result<Logged> {
    Ok(Logged {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        bytes: row.get(1)?,
    })
}

impl Store {
    /// Size and root of the log.
    pub(crate) fn root(&self) -> Result<TreeRoot, StoreError> {
        self.read(root)
    }

    /// The root that the log had at an earlier size.
    pub(crate) fn root_at(&self, size: u64) -> Result<TreeRoot, StoreError> {
        self.read(|c| tree::root(size, &Stored(c)).map_err(|e| tree_error(&e)))
    }

    /// Goes through the whole log, checking that each entry is the leaf that the tree has.
    pub(crate) fn each_entry(
        &self,
        mut visit: impl FnMut(&Logged) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare("SELECT seq, entry FROM log ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut expected = 0_u64;
            while let Some(row) = rows.next()? {
                let logged = logged(row)?;
                if logged.seq != expected {
                    return Err(StoreError::Changed(format!(
                        "entry {} is missing",
                        expected + 1
                    )));
                }
                visit(&logged)?;
                expected += 1;
            }
            Ok(expected)
        })
    }

    /// Whether exactly these hashes are stored.
    pub(crate) fn holds(&self, hashes: &[Digest]) -> Result<bool, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare("SELECT idx, hash FROM log_hash ORDER BY idx")?;
            let mut rows = statement.query([])?;
            for (index, hash) in (0_i64..).zip(hashes) {
                let same = rows.next()?.is_some_and(|row| {
                    row.get(0) == Ok(index) && row.get(1) == Ok(hash.as_bytes().to_vec())
                });
                if !same {
                    return Ok(false);
                }
            }
            Ok(rows.next()?.is_none())
        })
    }

    /// The newest signed checkpoint.
    pub(crate) fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.read(|c| {
            Ok(c.query_row(
                "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?)
        })
    }

    /// One entry.
    pub(crate) fn entry(&self, seq: u64) -> Result<Option<Logged>, StoreError> {
        self.read(|c| {
            Ok(c.query_row(
                "SELECT seq, entry FROM log WHERE seq = ?1",
                [seq.cast_signed()],
                logged,
            )
            .optional()?)
        })
    }

    /// All entries about one proposal, in order.
    pub(crate) fn entries_of(&self, proposal: &ProposalId) -> Result<Vec<Logged>, StoreError> {
        self.read(|c| {
            let mut statement =
                c.prepare_cached("SELECT seq, entry FROM log WHERE proposal = ?1 ORDER BY seq")?;
            let rows = statement.query_map([proposal.as_str()], logged)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
    }

    /// A proof that entry `seq` is in the log of this size.
    pub(crate) fn inclusion(&self, size: u64, seq: u64) -> Result<Vec<Digest>, StoreError> {
        self.read(|c| tree::prove_inclusion(size, seq, &Stored(c)).map_err(|e| tree_error(&e)))
    }

    /// A proof that the log of this size begins with the earlier one.
    pub(crate) fn consistency(&self, size: u64, earlier: u64) -> Result<Vec<Digest>, StoreError> {
        self.read(|c| {
            tree::prove_consistency(size, earlier, &Stored(c)).map_err(|e| tree_error(&e))
        })
    }
}
