//! Connected accounts. Their secrets are in the keychain, never here.

use super::{Store, StoreError, Tx};
use ma_core::{AccountId, Digest, EmailAddress, Millis, PersonName, Recipient, Sender, canonical};
use rusqlite::{Connection, Row, params};

/// An account as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct AccountRow {
    pub(crate) id: AccountId,
    pub(crate) kind: String,
    pub(crate) address: EmailAddress,
    pub(crate) name: Option<PersonName>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) certificate: Option<String>,
    pub(crate) default: bool,
}

impl AccountRow {
    /// SHA-256 over where it leads: what a stranger must not change between the connection and
    /// the next mail, because the password goes there.
    pub(crate) fn way(&self) -> Digest {
        let port = self.port.map(|p| p.to_string());
        Digest::of(&canonical(&[
            Some(self.kind.as_str()),
            Some(self.address.as_str()),
            self.host.as_deref(),
            port.as_deref(),
            self.user.as_deref(),
            self.certificate.as_deref(),
        ]))
    }

    /// What mail from it says.
    pub(crate) fn sender(&self) -> Sender {
        Sender {
            account: self.id.clone(),
            from: Recipient {
                address: self.address.clone(),
                name: self.name.clone(),
            },
        }
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    let unreadable = |index: usize| {
        rusqlite::Error::InvalidColumnType(index, "account".to_owned(), rusqlite::types::Type::Text)
    };
    Ok(AccountRow {
        id: row
            .get::<_, String>(0)?
            .parse()
            .map_err(|_| unreadable(0))?,
        kind: row.get(1)?,
        address: EmailAddress::parse(row.get::<_, String>(2)?).map_err(|_| unreadable(2))?,
        name: row
            .get::<_, Option<String>>(3)?
            .map(|n| PersonName::parse(n).map_err(|_| unreadable(3)))
            .transpose()?,
        host: row.get(4)?,
        port: row.get(5)?,
        user: row.get(6)?,
        certificate: row.get(7)?,
        default: row.get(8)?,
    })
}

fn select(connection: &Connection) -> Result<Vec<AccountRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, address, name, host, port, user, certificate, is_default
         FROM account ORDER BY is_default DESC, connected, id",
    )?;
    let rows = statement.query_map([], account)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

impl Tx<'_> {
    /// Writes a new account.
    pub(crate) fn insert_account(
        &self,
        account: &AccountRow,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql().execute(
            "INSERT INTO account (id, kind, address, name, host, port, user, certificate, is_default, connected)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                account.id.as_str(),
                account.kind,
                account.address.as_str(),
                account.name.as_ref().map(PersonName::as_str),
                account.host,
                account.port,
                account.user,
                account.certificate,
                account.default,
                now
            ],
        )?;
        Ok(())
    }

    /// Makes one account the default. False if there is none of that id.
    pub(crate) fn set_default_account(&self, id: &AccountId) -> Result<bool, StoreError> {
        self.sql().execute(
            "UPDATE account SET is_default = 0 WHERE id <> ?1",
            [id.as_str()],
        )?;
        let set = self.sql().execute(
            "UPDATE account SET is_default = 1 WHERE id = ?1",
            [id.as_str()],
        )?;
        Ok(set == 1)
    }
}

impl Store {
    /// All accounts, the default first.
    pub(crate) fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read(select)
    }
}
