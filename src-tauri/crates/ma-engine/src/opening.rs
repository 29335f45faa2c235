//! Opening a home: the whole log is checked, the pins are compared, what a crash interrupted is
//! settled, before anything may come in.

use crate::ceremony::Ceremonies;
use crate::chance;
use crate::config::{Browser, Clock, Config};
use crate::connector::{Practice, YOU};
use crate::engine::{Change, Engine, Install, lock};
use crate::notices::Notices;
use crate::pairing::Pairings;
use crate::store::{AccountRow, Signer, Store, StoreError};
use crate::vault::{Vault, VaultClass, VaultError};
use crate::view::{Loudness, Notice};
use ed25519_dalek::SigningKey;
use ma_core::tree::{self, Hashes, TreeRoot};
use ma_core::{
    AccountId, Action, Digest, EmailAddress, Event, InstallId, LogEntry, Millis, Outcome,
    PersonName, Record, State,
};
use ma_receipt::{KeyRing, base64, from_base64, verifier_key, verify_checkpoint};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// Why the app cannot start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The database does not open.
    #[error("the data cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error(transparent)]
    Chance(#[from] chance::NoRandomness),
}

const INSTALL_KEY: &str = "installation-key";
pub(crate) const FIRST_PASSKEY: &str = "first-passkey";
pub(crate) const LOG_HEAD: &str = "log-head";

/// What reading the whole log gave.
#[derive(Default)]
struct Reading {
    ring: KeyRing,
    hashes: Memory,
    size: u64,
    installed: Option<(InstallId, String)>,
    paused: bool,
}

#[derive(Default)]
struct Memory(Vec<Digest>);

impl Hashes for Memory {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>> {
        indexes
            .iter()
            .map(|i| self.0.get(usize::try_from(*i).ok()?).copied())
            .collect()
    }
}

impl Engine {
    /// Opens the home that the configuration names. What cannot be trusted seals the engine: it
    /// still shows what is there, and says why nothing can be approved.
    pub async fn open(
        config: Config,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        browser: Arc<dyn Browser>,
    ) -> Result<Arc<Self>, OpenError> {
        let store = Arc::new(Store::open(&config.home)?);
        let read = read_log(&store);
        let empty = store.root()?.size == 0;
        let (install, mut trouble) = identity(&vault, empty).await?;
        let reading = match read {
            Ok(reading) => reading,
            Err(reason) => {
                trouble.get_or_insert(reason);
                Reading::default()
            }
        };
        if trouble.is_none()
            && let Some(install) = &install
        {
            trouble = compare(&store, &vault, install, &reading).await.err();
        }
        let agents = store
            .agents()?
            .into_iter()
            .map(|agent| (agent.key_sha256, agent))
            .collect();
        let weak = vault.class() == VaultClass::File;
        let engine = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            config,
            clock,
            browser,
            vault,
            store,
            install,
            ring: Mutex::new(reading.ring),
            agents: Mutex::new(agents),
            pairings: Mutex::new(Pairings::default()),
            ceremonies: Mutex::new(Ceremonies::default()),
            notices: Mutex::new(Notices::default()),
            paused: AtomicBool::new(reading.paused),
            sealed: Mutex::new(None),
            changes: tokio::sync::broadcast::channel(1024).0,
            head: Arc::new(Mutex::new(TreeRoot {
                size: 0,
                hash: Digest::of(b""),
            })),
            wake: tokio::sync::Notify::new(),
            closing: tokio::sync::watch::channel(false).0,
        });
        if let Ok(root) = engine.store.root() {
            *lock(&engine.head) = root;
        }
        if weak {
            engine.note_weak();
        }
        match trouble {
            Some(reason) => engine.refuse_everything(&reason),
            None => engine.settle_in(empty).await?,
        }
        crate::schedule::spawn(&engine);
        Ok(engine)
    }

    fn note_weak(&self) {
        lock(&self.notices).put(Notice {
            code: "no_keychain".to_owned(),
            loudness: Loudness::Look,
            title: "No keychain answers".to_owned(),
            text: "The pin of the first passkey is kept in a file that only you can read. That is \
                   weaker: a program that runs as you could change it. The practice account works; \
                   real accounts wait until there is a keychain."
                .to_owned(),
            dismissable: false,
            at: self.now(),
        });
    }

    fn refuse_everything(&self, reason: &str) {
        self.seal(reason);
        lock(&self.notices).put(Notice {
            code: "sealed".to_owned(),
            loudness: Loudness::Stop,
            title: "Nothing can be approved".to_owned(),
            text: reason.to_owned(),
            dismissable: false,
            at: self.now(),
        });
    }

    async fn settle_in(&self, empty: bool) -> Result<(), OpenError> {
        if let Some(install) = &self.install {
            self.store.sign_with(Signer {
                install: install.id.clone(),
                key: install.key.clone(),
                changes: self.changes.clone(),
                head: Arc::clone(&self.head),
            })?;
            if empty {
                self.found(install).await?;
            }
        }
        self.recover().await?;
        Ok(())
    }

    /// The first entry, and the practice account.
    async fn found(&self, install: &Install) -> Result<(), StoreError> {
        let now = self.now();
        let entry = LogEntry::new(
            now,
            Record::Installed {
                install_id: install.id.clone(),
                verifier_key: install.verifier_key.clone(),
            },
        );
        let unreadable = |e: ma_core::Invalid| StoreError::Sqlite(e.to_string());
        let account = AccountRow {
            id: AccountId::practice(),
            kind: "practice".to_owned(),
            address: EmailAddress::parse(YOU.0).map_err(unreadable)?,
            name: Some(PersonName::parse(YOU.1).map_err(unreadable)?),
            host: None,
            port: None,
            user: None,
            certificate: None,
            default: true,
        };
        self.store
            .write(move |tx| {
                tx.append(&entry)?;
                tx.insert_account(&account, now)
            })
            .await
    }

    /// What a crash left behind: an execution that was under way is in doubt, unless it can be
    /// known; a hold starts anew.
    async fn recover(&self) -> Result<(), StoreError> {
        let now = self.now();
        for row in self.store.open_proposals()? {
            match row.state {
                State::Executing => {
                    let outcome = self.after_crash(&row).await?;
                    self.note_end(&row.id, outcome, now).await?;
                }
                State::Held => {
                    let leaves = now + crate::config::millis(self.config.hold);
                    let id = row.id.clone();
                    self.store
                        .write(move |tx| tx.note_leaves(&id, leaves))
                        .await?;
                }
                State::Pending
                | State::InDoubt
                | State::Executed
                | State::Failed
                | State::Rejected
                | State::Withdrawn
                | State::Superseded
                | State::Expired => {}
            }
        }
        Ok(())
    }

    async fn after_crash(&self, row: &crate::store::ProposalRow) -> Result<Outcome, StoreError> {
        let action: Result<Action, _> = serde_json::from_slice(&row.action);
        let prepared = self.store.prepared(&row.id)?.unwrap_or_default();
        let reference = match &action {
            Ok(Action::EmailSend(mail)) => crate::mime::message_id(&row.id, mail),
            Err(_) => String::new(),
        };
        if let Ok(Action::EmailSend(mail)) = &action
            && row.account == AccountId::practice()
        {
            let practice = Practice::new(Arc::clone(&self.store), &self.config.home, self.now());
            return Ok(practice.after_crash(&row.id, mail, &prepared).await);
        }
        Ok(Outcome::Unknown {
            reference,
            detail: "The app stopped while the mail was being handed over".to_owned(),
        })
    }

    /// Writes down how an execution ended.
    pub(crate) async fn note_end(
        &self,
        id: &ma_core::ProposalId,
        outcome: Outcome,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let event = match &outcome {
            Outcome::Done { .. } => Event::Succeed,
            Outcome::NotDone { .. } => Event::Fail,
            Outcome::Unknown { .. } => Event::LoseTrack,
        };
        let id = id.clone();
        self.store
            .write(move |tx| {
                let Some(state) = tx.step(&id, State::Executing, event, now)? else {
                    return Ok(false);
                };
                tx.note_outcome(&id, &outcome)?;
                tx.append(&LogEntry::new(
                    now,
                    Record::Finished {
                        proposal: id.clone(),
                        outcome,
                    },
                ))?;
                tx.tell(Change::Moved {
                    id: id.to_string(),
                    state,
                });
                Ok(true)
            })
            .await
    }
}

/// The installation's key: made once, kept in the vault.
async fn identity(
    vault: &Arc<dyn Vault>,
    empty: bool,
) -> Result<(Option<Install>, Option<String>), OpenError> {
    let asked = Arc::clone(vault);
    let read = tokio::task::spawn_blocking(move || asked.read(INSTALL_KEY))
        .await
        .unwrap_or_else(|e| Err(VaultError::Broken(e.to_string())));
    let seed: [u8; 32] = match read {
        Ok(Some(secret)) => match <[u8; 32]>::try_from(secret.as_slice()) {
            Ok(_) if empty => {
                return Ok((None, Some(
                    "The keychain knows this installation, but its data is gone. If you removed it \
                     yourself, remove the keychain's entries named mechanical-advantage too, then \
                     start the app again."
                        .to_owned(),
                )));
            }
            Ok(seed) => seed,
            Err(_) => {
                return Ok((
                    None,
                    Some("The installation's key in the keychain is damaged.".to_owned()),
                ));
            }
        },
        Ok(None) if empty => {
            let seed: [u8; 32] = chance::bytes()?;
            let asked = Arc::clone(vault);
            let written =
                tokio::task::spawn_blocking(move || asked.write(INSTALL_KEY, &seed)).await;
            if !matches!(written, Ok(Ok(()))) {
                return Ok((None, Some(
                    "The keychain takes nothing in, so this installation has no key. Unlock it, \
                     then quit and start the app again."
                        .to_owned(),
                )));
            }
            seed
        }
        Ok(None) => {
            return Ok((None, Some(
                "The installation's key is not in the keychain that answers now. Start the app in \
                 the session where the keychain is, or restore it."
                    .to_owned(),
            )));
        }
        Err(VaultError::Locked) => {
            return Ok((
                None,
                Some(
                    "The keychain is locked. Unlock it, then quit and start the app again."
                        .to_owned(),
                ),
            ));
        }
        Err(VaultError::Broken(reason)) => {
            return Ok((
                None,
                Some(format!("The keychain does not answer: {reason}")),
            ));
        }
    };
    let key = SigningKey::from_bytes(&seed);
    let public = key.verifying_key();
    let id = InstallId::of_public_key(public.as_bytes());
    let verifier_key = verifier_key(&id, &public);
    Ok((
        Some(Install {
            id,
            key,
            verifier_key,
        }),
        None,
    ))
}

/// Goes through the whole log: every entry's bytes, every passkey's signature.
fn read_log(store: &Store) -> Result<Reading, String> {
    let mut reading = Reading::default();
    let result = store.each_entry(|logged| {
        let (_, hashes) = tree::append(logged.seq, &logged.bytes, &reading.hashes)
            .map_err(|e| StoreError::Changed(e.to_string()))?;
        reading.hashes.0.extend(hashes);
        let entry = logged.entry()?;
        let number = logged.seq + 1;
        reading
            .ring
            .take(&entry)
            .map_err(|e| StoreError::Changed(format!("entry {number}: {e}")))?;
        match entry.record {
            Record::Installed {
                install_id,
                verifier_key,
            } => {
                reading.installed.get_or_insert((install_id, verifier_key));
            }
            Record::Paused { paused } => reading.paused = paused,
            Record::PasskeyEnrolled { .. }
            | Record::PasskeyRevoked { .. }
            | Record::AgentPaired { .. }
            | Record::AgentRevoked { .. }
            | Record::Proposed { .. }
            | Record::Approved { .. }
            | Record::Rejected { .. }
            | Record::Withdrawn { .. }
            | Record::Superseded { .. }
            | Record::Expired { .. }
            | Record::Undone { .. }
            | Record::Started { .. }
            | Record::Finished { .. }
            | Record::Voided { .. }
            | Record::Settled { .. }
            | Record::AccountConnected { .. } => {}
        }
        Ok(())
    });
    reading.size = result.map_err(|e| changed(&e.to_string()))?;
    Ok(reading)
}

fn changed(what: &str) -> String {
    format!(
        "The log does not hold: {what}. Somebody or something changed the database from outside. \
         Nothing runs. Restore it from a backup."
    )
}

/// Compares the log that was read with what this installation signed and pinned.
async fn compare(
    store: &Arc<Store>,
    vault: &Arc<dyn Vault>,
    install: &Install,
    reading: &Reading,
) -> Result<(), String> {
    if reading.size == 0 {
        return Ok(());
    }
    let root = tree::root(reading.size, &reading.hashes).map_err(|e| changed(&e.to_string()))?;
    let note = store
        .newest_checkpoint()
        .map_err(|e| changed(&e.to_string()))?
        .ok_or_else(|| changed("its checkpoint is missing"))?;
    let signed =
        verify_checkpoint(&install.verifier_key, &note).map_err(|e| changed(&e.to_string()))?;
    if signed != root {
        return Err(changed(
            "its entries are not the ones in the signed checkpoint",
        ));
    }
    if store.root().map_err(|e| changed(&e.to_string()))? != root {
        return Err(changed("its stored hashes are not those of its entries"));
    }
    if reading.installed.as_ref() != Some(&(install.id.clone(), install.verifier_key.clone())) {
        return Err(changed("it is the log of another installation"));
    }
    let pinned = pinned(vault, FIRST_PASSKEY).await?;
    if let Some((_, first)) = reading.ring.first()
        && pinned.as_deref() != Some(first.as_bytes().as_slice())
    {
        return Err(
            "The first passkey is not the one that is pinned in the keychain. Nothing runs. \
             If you moved the data to another computer, start there with a new home folder."
                .to_owned(),
        );
    }
    if let Some(head) = pinned_head(vault).await?
        && !(head.size <= reading.size
            && tree::root(head.size, &reading.hashes).is_ok_and(|r| r == head))
    {
        return Err(changed(
            "entries that were there at the last approval are missing",
        ));
    }
    Ok(())
}

async fn pinned(vault: &Arc<dyn Vault>, name: &'static str) -> Result<Option<Vec<u8>>, String> {
    let asked = Arc::clone(vault);
    tokio::task::spawn_blocking(move || asked.read(name))
        .await
        .map_err(|e| e.to_string())?
        .map(|secret| secret.map(|s| s.to_vec()))
        .map_err(|e| format!("{e}. Unlock it, then quit and start the app again."))
}

async fn pinned_head(vault: &Arc<dyn Vault>) -> Result<Option<TreeRoot>, String> {
    let Some(text) = pinned(vault, LOG_HEAD).await? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let damaged = || "The keychain's copy of the log's head is damaged.".to_owned();
    let (size, hash) = text.split_once(' ').ok_or_else(damaged)?;
    let size = size.parse().map_err(|_| damaged())?;
    let hash: [u8; 32] = from_base64(hash)
        .and_then(|h| h.try_into().ok())
        .ok_or_else(damaged)?;
    Ok(Some(TreeRoot {
        size,
        hash: Digest::from_bytes(hash),
    }))
}

/// How the head is written for the vault.
pub(crate) fn head_text(head: TreeRoot) -> String {
    format!("{} {}", head.size, base64(head.hash.as_bytes()))
}
