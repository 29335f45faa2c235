//! The engine: the one owner of the state.

use crate::ceremony::Ceremonies;
use crate::config::{Browser, Clock, Config};
use crate::notices::Notices;
use crate::pairing::Pairings;
use crate::store::{AccountRow, AgentRow, Store, StoreError};
use crate::vault::{Secret, Vault, VaultError};
use crate::view::{Loudness, Notice, Refusal};
use ed25519_dalek::SigningKey;
use ma_core::tree::TreeRoot;
use ma_core::{Digest, InstallId, Millis, State};
use ma_receipt::KeyRing;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast};

/// The trusted side. The shell, the page and the agents' door each hold one `Arc` of it.
pub struct Engine {
    pub(crate) me: std::sync::Weak<Engine>,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) browser: Arc<dyn Browser>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) store: Arc<Store>,
    pub(crate) install: Option<Install>,
    /// The passkeys, as the log on the disk has them.
    pub(crate) ring: Mutex<KeyRing>,
    /// Agents by the hash of their key.
    pub(crate) agents: Mutex<HashMap<Digest, AgentRow>>,
    /// As in the file, the default first. Where a mail goes is read from the file again.
    pub(crate) accounts: Mutex<Vec<AccountRow>>,
    /// Days until a proposal expires, as the person set it.
    pub(crate) expiry_days: AtomicU32,
    pub(crate) pairings: Mutex<Pairings>,
    pub(crate) ceremonies: Mutex<Ceremonies>,
    pub(crate) notices: Mutex<Notices>,
    pub(crate) paused: AtomicBool,
    /// Why nothing may come in, be approved or run; `None` when all is well.
    pub(crate) sealed: Mutex<Option<String>>,
    pub(crate) changes: broadcast::Sender<Change>,
    /// The log's head that is on the disk, as this process wrote it.
    pub(crate) head: Arc<Mutex<TreeRoot>>,
    /// The schedule looks again.
    pub(crate) wake: Notify,
    pub(crate) closing: tokio::sync::watch::Sender<bool>,
}

/// This installation's identity.
pub(crate) struct Install {
    pub(crate) id: InstallId,
    pub(crate) key: SigningKey,
    pub(crate) verifier_key: String,
}

/// Something changed. Told after it is on the disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An agent put something forward.
    Proposed {
        /// The proposal.
        id: String,
        /// The agent's name.
        agent: String,
        /// The verb in words.
        does: String,
        /// The first recipient's address.
        to: Option<String>,
        /// How many further recipients.
        more: u32,
        /// Its head, as plain text.
        title: String,
    },
    /// A proposal came to another state.
    Moved {
        /// The proposal.
        id: String,
        /// Where it stands now.
        state: State,
    },
    /// An agent asks to connect.
    PairingAsked {
        /// The request.
        id: String,
        /// What the agent calls itself.
        name: String,
        /// The code that its terminal shows.
        code: String,
    },
    /// An agent's key ended.
    Revoked {
        /// The agent.
        agent: String,
    },
    /// Something is wrong.
    Alarm(Notice),
    /// Anything else.
    Other,
}

/// A mutex that was poisoned by a panic still holds what was written before it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// What changes, from now on. A slow listener misses some and asks again.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Ends the schedule and the writer after what is waiting.
    pub async fn shutdown(&self) {
        let _ = self.closing.send(true);
        self.store.close();
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.changes.send(change);
    }

    /// Tells the person, loudly, and keeps it in sight.
    pub(crate) fn alarm(&self, code: &str, title: &str, text: &str) {
        tracing::warn!(code, "{title}");
        let notice = Notice {
            code: code.to_owned(),
            loudness: Loudness::Stop,
            title: title.to_owned(),
            text: text.to_owned(),
            dismissable: true,
            at: self.now(),
        };
        lock(&self.notices).put(notice.clone());
        self.tell(Change::Alarm(notice));
    }

    /// Closes approvals and execution for good, until the person has looked.
    pub(crate) fn seal(&self, reason: &str) {
        *lock(&self.sealed) = Some(reason.to_owned());
    }

    /// The installation, if approvals are open.
    pub(crate) fn unsealed(&self) -> Result<&Install, Refusal> {
        if let Some(reason) = lock(&self.sealed).as_ref() {
            return Err(refusal(
                "sealed",
                reason,
                "Read the notice at the top of the window.",
            ));
        }
        self.install.as_ref().ok_or_else(|| {
            refusal(
                "sealed",
                "This installation's key is not there, so nothing can be approved.",
                "Unlock the keychain, then quit and start the app again.",
            )
        })
    }

    /// Runs a call of the vault off the runtime: keychains ask people and take their time.
    pub(crate) async fn with_vault<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let vault = Arc::clone(&self.vault);
        tokio::task::spawn_blocking(move || call(vault.as_ref()))
            .await
            .map_err(|e| VaultError::Broken(e.to_string()))?
    }

    pub(crate) async fn secret(&self, name: String) -> Result<Option<Secret>, VaultError> {
        self.with_vault(move |vault| vault.read(&name)).await
    }
}

/// Why the person's command was refused.
pub(crate) fn refusal(code: &str, message: &str, next: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
        next: next.to_owned(),
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => refusal(
                "disk_full",
                "The disk is full. Nothing was changed.",
                "Make room, then try again.",
            ),
            StoreError::Changed(what) => refusal(
                "database_changed",
                &format!("The database was changed from outside: {what}. Nothing ran."),
                "Restore it from a backup, or start with a new home folder.",
            ),
            StoreError::Sqlite(what) => refusal(
                "database",
                &format!("The database does not answer: {what}. Nothing was changed."),
                "Try again; if it stays, quit and start the app again.",
            ),
            StoreError::Closed => refusal("closing", "The app is closing.", "Start it again."),
        }
    }
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        refusal(
            "keychain",
            &format!("{error}. Nothing was changed."),
            "Unlock the keychain, then try again.",
        )
    }
}

impl From<crate::chance::NoRandomness> for Refusal {
    fn from(error: crate::chance::NoRandomness) -> Self {
        refusal(
            "no_randomness",
            &format!("{error}. Nothing was changed."),
            "Restart the computer.",
        )
    }
}
