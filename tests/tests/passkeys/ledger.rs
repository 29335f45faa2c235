//! The log's tables, read and rewritten from outside the app.

use ma_core::tree::{self, Hashes};
use ma_core::{Canonical, Digest, LogEntry, ProposalId};
use rusqlite::{Connection, params};
use std::path::Path;

#[derive(Default)]
struct Memory(Vec<Digest>);

impl Hashes for Memory {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>> {
        indexes
            .iter()
            .map(|i| self.0.get(usize::try_from(*i).unwrap()).copied())
            .collect()
    }
}

fn open(database: &Path) -> Connection {
    let connection = Connection::open(database).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    connection
}

/// Runs SQL on the file, without triggers in the way.
pub fn sql(database: &Path, text: &str) {
    open(database).execute_batch(text).unwrap();
}

/// Every entry, in order.
pub fn entries(database: &Path) -> Vec<LogEntry> {
    open(database)
        .prepare("SELECT entry FROM log ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .unwrap()
        .map(|bytes| serde_json::from_slice(&bytes.unwrap()).unwrap())
        .collect()
}

/// How many entries are of that kind.
pub fn count(database: &Path, kind: &str) -> usize {
    let needle = format!("\"kind\":\"{kind}\"");
    entries(database)
        .iter()
        .filter(|e| String::from_utf8_lossy(&e.canonical()).contains(&needle))
        .count()
}

/// Puts these entries in place of the log, with hashes that fit.
pub fn rewrite(database: &Path, entries: &[LogEntry]) {
    let connection = open(database);
    connection
        .execute_batch("BEGIN; DELETE FROM log; DELETE FROM log_hash")
        .unwrap();
    let mut memory = Memory::default();
    for (seq, entry) in entries.iter().enumerate() {
        let bytes = entry.canonical();
        let (first, hashes) = tree::append(seq as u64, &bytes, &memory).unwrap();
        let proposal = entry.record.proposal().map(ProposalId::as_str);
        connection
            .execute(
                "INSERT INTO log (seq, proposal, entry) VALUES (?1, ?2, ?3)",
                params![i64::try_from(seq).unwrap(), proposal, bytes],
            )
            .unwrap();
        for (index, hash) in (first..).zip(&hashes) {
            connection
                .execute(
                    "INSERT INTO log_hash (idx, hash) VALUES (?1, ?2)",
                    params![index.cast_signed(), hash.as_bytes()],
                )
                .unwrap();
        }
        memory.0.extend(hashes);
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// Adds an entry at the end, without any hash.
pub fn insert(database: &Path, entry: &LogEntry) {
    open(database)
        .execute(
            "INSERT INTO log (seq, entry) SELECT max(seq) + 1, ?1 FROM log",
            [entry.canonical()],
        )
        .unwrap();
}

/// Cuts the log, its hashes and its checkpoints back to this size.
pub fn cut(database: &Path, size: u64) {
    let kept = &entries(database)[..usize::try_from(size).unwrap()];
    rewrite(database, kept);
    sql(
        database,
        &format!("DELETE FROM checkpoint WHERE size > {size}"),
    );
}
