//! The practice account's mail, as raw RFC 5322.

use super::{Store, StoreError, Tx};
use ma_core::Millis;
use rusqlite::params;

/// A mail in a practice mailbox.
pub(crate) struct PracticeRow {
    pub(crate) raw: Vec<u8>,
    pub(crate) arrived: Millis,
}

impl Tx<'_> {
    /// Puts a mail into a mailbox, once.
    pub(crate) fn deliver(
        &self,
        mailbox: &str,
        message_id: &str,
        raw: &[u8],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql().execute(
            "INSERT INTO practice_mail (mailbox, message_id, raw, arrived) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (mailbox, message_id) DO NOTHING",
            params![mailbox, message_id, raw, now],
        )?;
        Ok(())
    }
}

impl Store {
    /// The mails of a mailbox, newest first.
    pub(crate) fn practice_mails(&self, mailbox: &str) -> Result<Vec<PracticeRow>, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT raw, arrived FROM practice_mail WHERE mailbox = ?1
                 ORDER BY arrived DESC, id DESC LIMIT 100",
            )?;
            let rows = statement.query_map([mailbox], |row| {
                Ok(PracticeRow {
                    raw: row.get(0)?,
                    arrived: row.get(1)?,
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
    }
}
