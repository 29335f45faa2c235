//! Connected accounts, and the practice account's mailboxes.

use crate::connector::{PERSONAS, SmtpAccount, StepError, YOU};
use crate::engine::{Change, Engine, lock, refusal};
use crate::store::{AccountRow, StoreError};
use crate::vault::{Secret, VaultClass};
use crate::view::{
    AccountForm, AccountTest, AccountView, CheckView, PracticeMail, PracticeMailbox, PracticeView,
    Refusal,
};
use ma_core::{AccountId, Digest, EmailAddress, LogEntry, PersonName, Record, Shown};
use mail_parser::{MessageParser, MimeHeaders};

/// An account form that was read.
struct Read {
    address: EmailAddress,
    name: Option<PersonName>,
    host: String,
    port: u16,
    user: String,
    certificate: Option<String>,
    secret: Secret,
}

fn read(form: AccountForm) -> Result<Read, Refusal> {
    let field = |name: &str, message: &str, next: &str| {
        refusal(
            name,
            &format!("The {name}: {message}. Nothing was connected."),
            next,
        )
    };
    let address = EmailAddress::parse(form.address.trim())
        .map_err(|e| field("address", &e.message, e.next))?;
    let name = match form.name.trim() {
        "" => None,
        name => Some(PersonName::parse(name).map_err(|e| field("name", &e.message, e.next))?),
    };
    let host = form.host.trim().to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b':';
    if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) || form.port == 0 {
        return Err(field(
            "server",
            "it is not a host name and a port",
            "Write it like smtp.example.org and 465.",
        ));
    }
    let user = match form.user.trim() {
        "" => address.as_str().to_owned(),
        user if user.chars().any(char::is_control) => {
            return Err(field("user", "it holds a control character", "Remove it."));
        }
        user => user.to_owned(),
    };
    let certificate = match form.certificate.trim() {
        "" => None,
        pem => Some(pem.to_owned()),
    };
    Ok(Read {
        address,
        name,
        host,
        port: form.port,
        user,
        certificate,
        secret: Secret::new(form.secret.into_bytes()),
    })
}

impl Engine {
    fn server(&self, form: &Read) -> SmtpAccount {
        SmtpAccount {
            host: form.host.clone(),
            port: form.port,
            user: form.user.clone(),
            secret: form.secret.clone(),
            certificate: form.certificate.clone(),
            step: self.config.limits.smtp_step,
            last: self.config.limits.smtp_final,
        }
    }

    /// Tries to connect and log in, step by step. Sends nothing.
    pub async fn test_account(&self, form: AccountForm) -> Result<AccountTest, Refusal> {
        let read = read(form)?;
        Ok(self.try_server(&self.server(&read)).await)
    }

    async fn try_server(&self, server: &SmtpAccount) -> AccountTest {
        let step = |name: &str, holds: bool, detail: String| CheckView {
            name: name.to_owned(),
            holds,
            detail,
        };
        let failed = |mut steps: Vec<CheckView>, name: &str, error: StepError| {
            steps.push(step(name, false, error.detail));
            AccountTest {
                steps,
                works: false,
                next: Some(error.next.to_owned()),
            }
        };
        let mut connection = match server.connect().await {
            Ok(connection) => connection,
            Err(error) => return failed(Vec::new(), "Reach the server, encrypted", error),
        };
        let encrypted = if connection.is_encrypted() {
            "encrypted"
        } else {
            "on this computer, not encrypted"
        };
        let mut steps = vec![step(
            "Reach the server",
            true,
            format!("{}:{}, {encrypted}", server.host, server.port),
        )];
        if let Err(error) = server.log_in(&mut connection).await {
            return failed(steps, "Log in", error);
        }
        steps.push(step("Log in", true, format!("as {}", server.user)));
        let _ = tokio::time::timeout(server.step, connection.quit()).await;
        AccountTest {
            steps,
            works: true,
            next: None,
        }
    }

    /// Connects a mail account, if the test works. The secret goes to the keychain only.
    pub async fn add_account(&self, form: AccountForm) -> Result<AccountTest, Refusal> {
        self.unsealed()?;
        if self.vault.class() == VaultClass::File {
            return Err(refusal(
                "no_keychain",
                "There is no keychain to keep the password in. Nothing was connected.",
                "Start a keychain (e.g. gnome-keyring), then start the app again.",
            ));
        }
        let read = read(form)?;
        let test = self.try_server(&self.server(&read)).await;
        if !test.works {
            return Ok(test);
        }
        let id = self.account_id(&read.address)?;
        let name = secret_name(&id);
        let secret = read.secret.clone();
        self.with_vault(move |vault| vault.write(&name, &secret))
            .await?;
        let account = AccountRow {
            id: id.clone(),
            kind: "smtp".to_owned(),
            address: read.address.clone(),
            name: read.name,
            host: Some(read.host),
            port: Some(read.port),
            user: Some(read.user),
            certificate: read.certificate,
            default: false,
        };
        let now = self.now();
        self.store
            .write(move |tx| {
                tx.insert_account(&account, now)?;
                tx.append(&LogEntry::new(
                    now,
                    Record::AccountConnected {
                        account: account.id.clone(),
                        address: account.address.as_str().to_owned(),
                        way: account.way(),
                    },
                ))?;
                tx.tell(Change::Other);
                Ok::<_, Refusal>(())
            })
            .await?;
        self.read_accounts()?;
        Ok(test)
    }

    /// An id that people can type: from the address, made different if it is taken.
    fn account_id(&self, address: &EmailAddress) -> Result<AccountId, Refusal> {
        let taken = self.store.accounts()?;
        if taken.iter().any(|a| a.address == *address) {
            return Err(refusal(
                "connected_already",
                "This address is connected already.",
                "Use the account that is there.",
            ));
        }
        let stem: String = address
            .domain()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(28)
            .collect();
        let hash: String = Digest::of(address.as_str().as_bytes())
            .hex()
            .chars()
            .take(6)
            .collect();
        let first = stem.trim_matches('-').to_owned();
        [first.clone(), format!("{first}-{hash}")]
            .into_iter()
            .filter_map(|text| text.parse::<AccountId>().ok())
            .find(|id| taken.iter().all(|a| a.id != *id))
            .ok_or_else(|| {
                refusal(
                    "account_id",
                    "No free name for this account.",
                    "Use another address.",
                )
            })
    }

    /// Makes an account the one that is used when an agent names none.
    pub async fn set_default_account(&self, id: &str) -> Result<(), Refusal> {
        let none = || {
            refusal(
                "not_found",
                "There is no such account.",
                "Look at the list again.",
            )
        };
        let id: AccountId = id.parse().map_err(|_| none())?;
        self.store
            .write(move |tx| {
                if !tx.set_default_account(&id)? {
                    return Err(none());
                }
                tx.tell(Change::Other);
                Ok(())
            })
            .await?;
        self.read_accounts()?;
        Ok(())
    }

    /// Takes the accounts from the file into memory.
    pub(crate) fn read_accounts(&self) -> Result<(), StoreError> {
        *lock(&self.accounts) = self.store.accounts()?;
        Ok(())
    }

    pub(crate) fn accounts(&self) -> Result<Vec<AccountView>, Refusal> {
        Ok(self
            .store
            .accounts()?
            .into_iter()
            .map(|a| AccountView {
                id: a.id.into(),
                kind: a.kind,
                address: a.address.into(),
                name: a.name.map(String::from),
                server: a
                    .host
                    .map(|host| format!("{host}:{}", a.port.unwrap_or_default())),
                default: a.default,
            })
            .collect())
    }

    /// How to reach a connected account's server.
    pub(crate) async fn smtp(&self, id: &AccountId) -> Result<SmtpAccount, Refusal> {
        let gone = || {
            refusal(
                "account_gone",
                "The account is not connected any more. Nothing was sent.",
                "Connect it again, then propose it again.",
            )
        };
        let account = self
            .store
            .accounts()?
            .into_iter()
            .find(|a| a.id == *id)
            .ok_or_else(gone)?;
        if self.connected_way(id)? != Some(account.way()) {
            self.alarm(
                "account_changed",
                "An account was changed outside the app",
                "It leads to another server than the one that was connected. Nothing was sent, and \
                 the password stayed in the keychain.",
            );
            return Err(refusal(
                "account_changed",
                "The account leads to another server than the one that was connected. Nothing was sent.",
                "Restore the database from a backup.",
            ));
        }
        let secret = self
            .secret(secret_name(id))
            .await
            .map_err(|e| {
                refusal(
                    "keychain",
                    &format!("{e}. Nothing was sent."),
                    "Unlock the keychain, then propose it again.",
                )
            })?
            .ok_or_else(gone)?;
        Ok(SmtpAccount {
            host: account.host.ok_or_else(gone)?,
            port: account.port.ok_or_else(gone)?,
            user: account.user.ok_or_else(gone)?,
            secret,
            certificate: account.certificate,
            step: self.config.limits.smtp_step,
            last: self.config.limits.smtp_final,
        })
    }

    /// Where an account led when it was connected, from its entry in the log.
    fn connected_way(&self, id: &AccountId) -> Result<Option<Digest>, Refusal> {
        let head = *lock(&self.head);
        let mut found = None;
        self.store.each_entry(|logged| {
            if let Record::AccountConnected { account, way, .. } = logged.entry()?.record
                && account == *id
                && logged.seq < head.size
            {
                found.get_or_insert((logged.seq, logged.bytes.clone(), way));
            }
            Ok(())
        })?;
        let Some((seq, bytes, way)) = found else {
            return Ok(None);
        };
        let proof = self.store.inclusion(head.size, seq)?;
        let placed = ma_core::tree::inclusion(&proof, head, seq, &bytes).is_ok();
        Ok(placed.then_some(way))
    }

    /// The practice account's people, and what reached them.
    pub async fn practice(&self) -> Result<PracticeView, Refusal> {
        let mut mailboxes = Vec::new();
        for (address, name) in PERSONAS {
            let mails = self
                .store
                .practice_mails(address)?
                .iter()
                .map(|row| practice_mail(&row.raw, row.arrived))
                .collect();
            mailboxes.push(PracticeMailbox {
                address: address.to_owned(),
                name: name.to_owned(),
                mails,
            });
        }
        Ok(PracticeView {
            address: YOU.0.to_owned(),
            mailboxes,
        })
    }
}

fn secret_name(id: &AccountId) -> String {
    format!("account-{id}")
}

fn practice_mail(raw: &[u8], at: ma_core::Millis) -> PracticeMail {
    let message = MessageParser::default().parse(raw).unwrap_or_default();
    PracticeMail {
        message_id: message.message_id().unwrap_or_default().to_owned(),
        from: message
            .from()
            .and_then(|a| a.first())
            .and_then(|a| a.address())
            .unwrap_or_default()
            .to_owned(),
        subject: Shown::new(message.subject().unwrap_or_default()),
        text: Shown::new(
            &message
                .body_text(0)
                .unwrap_or_default()
                .replace("\r\n", "\n"),
        ),
        attachments: message
            .attachments()
            .map(|a| a.attachment_name().unwrap_or("unnamed").to_owned())
            .collect(),
        at,
    }
}
