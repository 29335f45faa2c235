//! The store: one writer that commits what is waiting in one transaction, and readers beside it.

mod accounts;
mod agents;
mod log;
mod practice;
mod proposals;
mod schema;
mod settings;
mod writer;

pub(crate) use accounts::AccountRow;
pub(crate) use agents::AgentRow;
pub(crate) use proposals::{HistoryCursor, NewProposal, ProposalRow};
pub(crate) use writer::{Signer, Tx};

use crate::home;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use writer::{Job, Writer};

/// What the store cannot do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The disk, or a quota, is full. Nothing was written.
    #[error("the disk is full")]
    Full,
    /// SQLite's words. Nothing was written.
    #[error("the database: {0}")]
    Sqlite(String),
    /// What stands in the file cannot be what was written.
    #[error("the database was changed: {0}")]
    Changed(String),
    /// The writer has stopped.
    #[error("the app is closing")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::SystemIoFailure) => {
                Self::Full
            }
            Some(_) | None => Self::Sqlite(error.to_string()),
        }
    }
}

const READERS: usize = 4;
/// More than there are statements, so that none is compiled twice.
const STATEMENTS: usize = 64;

/// The database of one home.
pub(crate) struct Store {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens or makes the database in this folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let io = |e: std::io::Error| StoreError::Sqlite(e.to_string());
        home::private_folder(folder).map_err(io)?;
        let path = folder.join("ma.sqlite3");
        if !path.exists() {
            home::create_private_file(&path).map_err(io)?;
        }
        home::restrict(&path, 0o600).map_err(io)?;
        let mut connection = Connection::open(&path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // A savepoint's pages are kept in memory, not in a file of their own.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Or a REPLACE would pass the triggers that guard against DELETE.
        connection.pragma_update(None, "recursive_triggers", true)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        schema::migrate(&mut connection).map_err(|e| StoreError::Sqlite(e.to_string()))?;
        schema::forbid(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self {
            path,
            writer: Writer::start(connection)?,
            readers: Mutex::new(Vec::new()),
        })
    }

    /// Runs a job in the next transaction. It is answered once that is on the disk.
    pub(crate) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.writer.send(Job::new(job, reply))?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Runs a job on a connection that cannot write, beside the writer.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.reader().map_err(E::from)?,
        };
        let result = job(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    }

    /// Ends the writer after what is waiting. Further writes are refused.
    pub(crate) fn close(&self) {
        self.writer.close();
    }
}
