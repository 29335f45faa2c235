//! Settings, by name.

use super::{Store, StoreError, Tx};
use rusqlite::{OptionalExtension, params};

impl Tx<'_> {
    /// Sets one.
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.sql().execute(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, value],
        )?;
        Ok(())
    }
}

impl Store {
    /// One setting.
    pub(crate) fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read(|c| {
            Ok(
                c.prepare_cached("SELECT value FROM setting WHERE name = ?1")?
                    .query_row([name], |row| row.get(0))
                    .optional()?,
            )
        })
    }
}
