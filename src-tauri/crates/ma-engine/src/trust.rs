//! What a home is trusted for: its key, its log, its pins.

use crate::chance;
use crate::engine::{Engine, Install, lock};
use crate::opening::OpenError;
use crate::store::{Store, StoreError};
use crate::vault::{Vault, VaultError};
use ed25519_dalek::SigningKey;
use ma_core::tree::{self, Hashes, TreeRoot};
use ma_core::{AgentId, AgentName, Digest, InstallId, LogEntry, Millis, Record};
use ma_receipt::{KeyRing, base64, from_base64, verifier_key, verify_checkpoint};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const INSTALL_KEY: &str = "installation-key";
pub(crate) const FIRST_PASSKEY: &str = "first-passkey";
const LOG_HEAD: &str = "log-head";
/// How long the keychain may take to note the head.
const PIN_TIME: Duration = Duration::from_secs(3);

/// What reading the whole log gave.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) ring: KeyRing,
    pub(crate) hashes: Memory,
    pub(crate) size: u64,
    pub(crate) installed: Option<(InstallId, String)>,
    pub(crate) paused: bool,
    pub(crate) agents: BTreeMap<AgentId, Paired>,
}

/// An agent as the log has it.
#[derive(PartialEq)]
pub(crate) struct Paired {
    name: AgentName,
    key_sha256: Digest,
    expires: Millis,
    revoked: bool,
}

#[derive(Default)]
pub(crate) struct Memory(Vec<Digest>);

impl Hashes for Memory {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>> {
        indexes
            .iter()
            .map(|i| self.0.get(usize::try_from(*i).ok()?).copied())
            .collect()
    }
}

/// The installation's key: made once, kept in the vault.
pub(crate) async fn identity(
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
pub(crate) fn read_log(store: &Store) -> Result<Reading, String> {
    let mut reading = Reading::default();
    let result = store.each_entry(|logged| {
        let (_, hashes) = tree::append(logged.seq, &logged.bytes, &reading.hashes)
            .map_err(|e| StoreError::Changed(e.to_string()))?;
        reading.hashes.0.extend(hashes);
        let entry = logged.entry()?;
        signed_this_log(&entry, logged.seq, &reading.hashes)?;
        let number = logged.seq + 1;
        reading
            .ring
            .take(&entry)
            .map_err(|e| StoreError::Changed(format!("entry {number}: {e}")))?;
        if let Record::Installed {
            install_id,
            verifier_key,
        } = entry.record
        {
            reading.installed.get_or_insert((install_id, verifier_key));
        } else if let Record::Paused { paused } = entry.record {
            reading.paused = paused;
        } else if let Record::AgentPaired {
            agent,
            name,
            key_sha256,
            expires,
            ..
        } = entry.record
        {
            let paired = Paired {
                name,
                key_sha256,
                expires,
                revoked: false,
            };
            reading.agents.insert(agent, paired);
        } else if let Record::AgentRevoked { agent } = entry.record
            && let Some(paired) = reading.agents.get_mut(&agent)
        {
            paired.revoked = true;
        }
        Ok(())
    });
    reading.size = result.map_err(|e| changed(&e.to_string()))?;
    Ok(reading)
}

/// What a passkey signed about the log is the beginning of this one.
fn signed_this_log(entry: &LogEntry, seq: u64, hashes: &Memory) -> Result<(), StoreError> {
    let Some(approval) = entry.record.approval() else {
        return Ok(());
    };
    let p = &approval.preimage;
    let known = p.log_size <= seq
        && tree::root(p.log_size, hashes).is_ok_and(|root| root.hash == p.log_root);
    if known {
        Ok(())
    } else {
        Err(StoreError::Changed(format!(
            "entry {}: the log that was signed is not the beginning of this one",
            seq + 1
        )))
    }
}

/// The words for a log that somebody else wrote in.
pub(crate) fn changed(what: &str) -> String {
    format!(
        "The log does not hold: {what}. Somebody or something changed the database from outside. \
         Nothing runs. Restore it from a backup."
    )
}

/// Compares the log that was read with what this installation signed and pinned.
pub(crate) async fn compare(
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
    if !store
        .holds(&reading.hashes.0)
        .map_err(|e| changed(&e.to_string()))?
    {
        return Err(changed("its stored hashes are not those of its entries"));
    }
    if reading.installed.as_ref() != Some(&(install.id.clone(), install.verifier_key.clone())) {
        return Err(changed("it is the log of another installation"));
    }
    let agents = store.agents().map_err(|e| changed(&e.to_string()))?;
    let stored = agents.into_iter().map(|row| {
        let paired = Paired {
            name: row.name,
            key_sha256: row.key_sha256,
            expires: row.expires,
            revoked: row.revoked.is_some(),
        };
        (row.id, paired)
    });
    if stored.collect::<BTreeMap<_, _>>() != reading.agents {
        return Err(changed(
            "its agents are not the ones that a passkey connected",
        ));
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

impl Engine {
    /// Notes the log's head in the keychain, so that a cut tail shows at the next start.
    pub(crate) async fn pin_head(&self) {
        let (head, vault) = (Arc::clone(&self.head), Arc::clone(&self.vault));
        let writing = tokio::task::spawn_blocking(move || {
            let text = head_text(*lock(&head));
            vault.write(LOG_HEAD, text.as_bytes())
        });
        // A keychain that hangs, or asks to be unlocked, holds up nothing that was approved.
        let written = tokio::time::timeout(PIN_TIME, writing).await;
        if !matches!(written, Ok(Ok(Ok(())))) {
            tracing::warn!("the log's head could not be noted in the keychain");
        }
    }
}

/// How the head is written for the vault.
fn head_text(head: TreeRoot) -> String {
    format!("{} {}", head.size, base64(head.hash.as_bytes()))
}
