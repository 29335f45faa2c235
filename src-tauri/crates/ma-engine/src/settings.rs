//! What the person sets: agents, the pause, the expiry.

use crate::config::millis;
use crate::desk::gone;
use crate::engine::{Change, Engine, lock, refusal};
use crate::vault::VaultClass;
use crate::view::{AgentView, PasskeyView, Refusal, SettingsView};
use ma_core::{AgentId, LogEntry, ProposalId, Record, State};
use ma_receipt::base64;
use std::sync::atomic::Ordering;

impl Engine {
    /// All settings. Whether the app starts at login is the shell's to say.
    pub async fn settings(&self) -> Result<SettingsView, Refusal> {
        let root = *lock(&self.head);
        let open = self.store.open_proposals()?;
        let agents = self
            .store
            .agents()?
            .into_iter()
            .map(|a| AgentView {
                open: u32::try_from(open.iter().filter(|p| p.agent == a.id).count())
                    .unwrap_or(u32::MAX),
                id: a.id.into(),
                name: a.name.into(),
                paired: a.paired,
                last_used: a.last_used,
                expires: a.expires,
                revoked: a.revoked,
            })
            .collect();
        let passkeys = {
            let ring = lock(&self.ring);
            let first = ring.first().map(|(id, _)| id.to_owned());
            ring.all()
                .map(|(c, enrolled, revoked, last_used)| PasskeyView {
                    id: c.id.clone(),
                    label: c.label.clone(),
                    enrolled,
                    last_used,
                    synced: c.backup_eligible,
                    first: first.as_deref() == Some(c.id.as_str()),
                    revoked,
                })
                .collect()
        };
        Ok(SettingsView {
            accounts: self.accounts()?,
            agents,
            passkeys,
            secrets: match self.vault.class() {
                VaultClass::Keychain => "keychain",
                VaultClass::File => "file",
            }
            .to_owned(),
            autostart: None,
            expiry_days: self.expiry_days.load(Ordering::SeqCst),
            agents_door: format!("http://127.0.0.1:{}", self.config.agent_port),
            page_door: self.config.page_origin(),
            install_id: self
                .install
                .as_ref()
                .map(|i| i.id.to_string())
                .unwrap_or_default(),
            log_size: root.size,
            log_root: base64(root.hash.as_bytes()),
            home: self.config.home.display().to_string(),
        })
    }

    /// Ends an agent's key at once. It takes a right away, so it needs no gesture.
    pub async fn revoke_agent(&self, id: &str) -> Result<(), Refusal> {
        let agent: AgentId = id.parse().map_err(|_| gone())?;
        let now = self.now();
        if let Some(row) = lock(&self.agents).values_mut().find(|a| a.id == agent) {
            row.revoked.get_or_insert(now);
        }
        let revoked = agent.clone();
        self.store
            .write(move |tx| {
                if !tx.revoke_agent(&revoked, now)? {
                    return Err(gone());
                }
                tx.append(&LogEntry::new(
                    now,
                    Record::AgentRevoked {
                        agent: revoked.clone(),
                    },
                ))?;
                tx.tell(Change::Revoked {
                    agent: revoked.to_string(),
                });
                Ok(())
            })
            .await?;
        // Else an older copy of the database would bring the key back.
        self.pin_head().await;
        Ok(())
    }

    /// Pauses or resumes all agents. While paused nothing comes in and nothing held leaves;
    /// after it each hold starts anew.
    pub async fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        let now = self.now();
        let leaves = now + millis(self.config.hold);
        let held: Vec<ProposalId> = self
            .store
            .open_proposals()?
            .into_iter()
            .filter(|p| p.state == State::Held)
            .map(|p| p.id)
            .collect();
        if paused {
            // At once: what is due while this is written must not leave.
            self.paused.store(true, Ordering::SeqCst);
        }
        self.store
            .write(move |tx| {
                tx.append(&LogEntry::new(now, Record::Paused { paused }))?;
                if !paused {
                    for id in &held {
                        tx.note_leaves(id, leaves)?;
                    }
                }
                tx.tell(Change::Other);
                Ok::<_, Refusal>(())
            })
            .await?;
        self.paused.store(paused, Ordering::SeqCst);
        self.wake.notify_one();
        Ok(())
    }

    /// Sets in how many days a proposal expires, 1 to 30.
    pub async fn set_expiry_days(&self, days: u32) -> Result<(), Refusal> {
        if !(1..=30).contains(&days) {
            return Err(refusal(
                "out_of_range",
                "It has to be 1 to 30 days.",
                "Choose another number.",
            ));
        }
        self.store
            .write(move |tx| {
                tx.set("expiry_days", &days.to_string())?;
                tx.tell(Change::Other);
                Ok::<_, Refusal>(())
            })
            .await?;
        self.expiry_days.store(days, Ordering::SeqCst);
        Ok(())
    }
}
