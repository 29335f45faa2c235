//! Opening a home: the whole log is checked, the pins are compared, what a crash interrupted is
//! settled, before anything may come in.

use crate::ceremony::Ceremonies;
use crate::chance;
use crate::config::{Browser, Clock, Config};
use crate::connector::{Practice, YOU};
use crate::engine::{Engine, Install, lock};
use crate::notices::Notices;
use crate::pairing::Pairings;
use crate::store::{AccountRow, Signer, Store, StoreError};
use crate::trust::{Reading, compare, identity, read_log};
use crate::vault::{Vault, VaultClass};
use crate::view::{Loudness, Notice};
use ma_core::tree::TreeRoot;
use ma_core::{
    AccountId, Action, Digest, EmailAddress, Event, LogEntry, Millis, Outcome, PersonName, Record,
    State,
};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// Days until a proposal expires, if the person set nothing else.
const EXPIRY_DAYS: u32 = 3;

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
        // A log that cannot be read is not an empty one.
        let empty = read.as_ref().is_ok_and(|reading| reading.size == 0);
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
        let expiry_days = store
            .setting("expiry_days")?
            .and_then(|text| text.parse().ok())
            .unwrap_or(EXPIRY_DAYS);
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
            accounts: Mutex::default(),
            expiry_days: AtomicU32::new(expiry_days),
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
        if let Err(error) = engine.read_accounts() {
            engine.refuse_everything(&format!("The accounts cannot be read: {error}."));
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

    /// Seals, and tells the person why.
    pub(crate) fn refuse_everything(&self, reason: &str) {
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
            && mail.account == AccountId::practice()
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
                let finished = Record::Finished {
                    proposal: id.clone(),
                    outcome: outcome.clone(),
                };
                let moved = tx.advance(&id, State::Executing, event, now, finished)?;
                if moved.is_some() {
                    tx.note_outcome(&id, &outcome)?;
                }
                Ok(moved.is_some())
            })
            .await
    }
}
