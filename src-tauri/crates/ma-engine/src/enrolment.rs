//! What a gesture does once it is proven: a proposal is held, an agent connected, a passkey
//! enrolled or revoked. Each writes its proof into the log.

use crate::ceremony::{Shown, Subject};
use crate::config::millis;
use crate::engine::{Change, Engine, lock, refusal};
use crate::pipeline::{Approval, Approved, Content};
use crate::store::{AgentRow, Tx};
use crate::trust::FIRST_PASSKEY;
use crate::view::{CeremonyView, PageReply, Refusal};
use ma_core::{
    Canonical, Credential, Digest, Event, LogEntry, Record, RegistrationRecord, State,
    enrolment_statement, render_passkey, revocation_statement,
};
use ma_receipt::{KeyError, KeyRing, base64url, from_base64url, in_words, relying_party};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        refusal(
            "not_confirmed",
            &format!("The approval was refused: {error}. Nothing was changed."),
            "Open the item in the window and start again.",
        )
    }
}

impl Engine {
    /// Begins to make a passkey: the first, or a further one that an older one approves.
    pub async fn begin_enrolment(&self, label: &str) -> Result<CeremonyView, Refusal> {
        let label = ma_core::PersonName::parse(label.trim()).map_err(|e| {
            refusal(
                "label",
                &format!("The passkey's name: {}.", e.message),
                e.next,
            )
        })?;
        self.begin(
            Subject::Enrolment {
                label: label.as_str().to_owned(),
            },
            Shown {
                action: Vec::new(),
                display: None,
                prepared: Vec::new(),
                fingerprint: None,
            },
        )
    }

    /// Begins to revoke a passkey.
    pub async fn begin_passkey_revocation(&self, id: &str) -> Result<CeremonyView, Refusal> {
        let (label, count) = {
            let ring = lock(&self.ring);
            (
                ring.credential(id).map(|c| c.label.clone()),
                ring.active().count(),
            )
        };
        let label = label.ok_or_else(|| {
            refusal(
                "not_found",
                "There is no such passkey.",
                "Look at the list again.",
            )
        })?;
        if count < 2 {
            return Err(refusal(
                "last_passkey",
                "It is the only passkey. Without it nothing could be approved any more.",
                "Add another one first.",
            ));
        }
        let display = render_passkey(false, &label, &Digest::of(id.as_bytes()));
        let action = revocation_statement(id);
        self.begin(
            Subject::Revocation {
                credential_id: id.to_owned(),
            },
            Shown {
                fingerprint: Some(Digest::of(&action).fingerprint()),
                action,
                display: Some(display),
                prepared: Vec::new(),
            },
        )
    }

    /// A passkey was made in the browser.
    pub(crate) async fn made(
        &self,
        label: &str,
        state: &PasskeyRegistration,
        answer: serde_json::Value,
        words: String,
    ) -> Result<PageReply, Refusal> {
        let (credential, registration) = self.register(label, state, &answer)?;
        let first = lock(&self.ring).first().is_none();
        if first {
            self.enrol_first(credential, registration).await?;
            return Ok(PageReply::Done {
                message: "This passkey approves from now on. Go back to the window.".to_owned(),
            });
        }
        let display = render_passkey(true, label, &Digest::of(credential.id.as_bytes()));
        let action = enrolment_statement(&credential);
        let shown = Shown {
            fingerprint: Some(Digest::of(&action).fingerprint()),
            action,
            display: Some(display),
            prepared: Vec::new(),
        };
        self.next_gesture(
            words,
            Subject::Enrolled {
                credential: Box::new(credential),
                registration,
            },
            shown,
        )
    }

    fn register(
        &self,
        label: &str,
        state: &PasskeyRegistration,
        answer: &serde_json::Value,
    ) -> Result<(Credential, RegistrationRecord), Refusal> {
        let refuse = |what: &str| {
            refusal(
                "not_enrolled",
                &format!("The passkey was refused: {what}. Nothing was changed."),
                "Try again, or with another authenticator.",
            )
        };
        let origin = self.config.page_origin();
        let text = |pointer: &str| answer.pointer(pointer).and_then(serde_json::Value::as_str);
        let client_data =
            text("/response/clientDataJSON").ok_or_else(|| refuse("it cannot be read"))?;
        let attestation =
            text("/response/attestationObject").ok_or_else(|| refuse("it cannot be read"))?;
        let data: serde_json::Value = from_base64url(client_data)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| refuse("it cannot be read"))?;
        let exact = data.get("origin").and_then(serde_json::Value::as_str) == Some(origin.as_str());
        let framed = data.get("crossOrigin") == Some(&serde_json::Value::Bool(true))
            || data.get("topOrigin").is_some();
        if !exact || framed {
            return Err(refuse("it was made on another page"));
        }
        let reply: RegisterPublicKeyCredential =
            serde_json::from_value(answer.clone()).map_err(|_| refuse("it cannot be read"))?;
        let passkey = relying_party(&origin)?
            .finish_passkey_registration(&reply, state)
            .map_err(|e| refuse(&in_words(&e)))?;
        let id = base64url(passkey.cred_id().as_ref());
        let passkey = serde_json::to_value(&passkey).map_err(|e| refuse(&e.to_string()))?;
        let transports = answer
            .pointer("/response/transports")
            .and_then(serde_json::Value::as_array)
            .map(|list| {
                list.iter()
                    .filter_map(serde_json::Value::as_str)
                    .filter(|t| t.len() <= 20)
                    .take(8)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
        let backup_eligible =
            passkey.pointer("/cred/backup_eligible") == Some(&serde_json::Value::Bool(true));
        Ok((
            Credential {
                id,
                label: label.to_owned(),
                passkey,
                transports,
                backup_eligible,
            },
            RegistrationRecord {
                attestation_object: attestation.to_owned(),
                client_data_json: client_data.to_owned(),
            },
        ))
    }

    /// The first passkey is trusted on first use. Its pin is in the keychain before its entry is
    /// in the log: an entry without a pin would seal the app, a pin without an entry is replaced.
    async fn enrol_first(
        &self,
        credential: Credential,
        registration: RegistrationRecord,
    ) -> Result<(), Refusal> {
        let entry = LogEntry::new(
            self.now(),
            Record::PasskeyEnrolled {
                credential,
                registration,
                by: None,
            },
        );
        let pin = entry.digest();
        self.with_vault(move |vault| vault.write(FIRST_PASSKEY, pin.as_bytes()))
            .await?;
        self.write_signed(entry, |_, _| Ok(())).await?;
        self.tell(Change::Other);
        Ok(())
    }

    /// Does what was proven.
    pub(crate) async fn decide(
        &self,
        subject: Subject,
        approval: Approval,
    ) -> Result<PageReply, Refusal> {
        let now = self.now();
        let by = Box::new(approval.signed().clone());
        let message = match subject {
            Subject::Proposal(id) => {
                let seconds = self.approve(id, approval).await?;
                format!("Leaves in {seconds} seconds. Undo is in the window.")
            }
            Subject::Pairing {
                id,
                name,
                key_sha256,
                code,
            } => {
                let agent = AgentRow {
                    id: crate::chance::agent_id()?,
                    name: name.clone(),
                    key_sha256,
                    paired: now,
                    expires: now + millis(self.config.limits.key),
                    revoked: None,
                    last_used: None,
                };
                let message = format!("{} is connected. It may read and propose.", name.as_str());
                let entry = LogEntry::new(
                    now,
                    Record::AgentPaired {
                        agent: agent.id.clone(),
                        name,
                        key_sha256,
                        expires: agent.expires,
                        pairing: id.clone(),
                        code,
                        by,
                    },
                );
                let row = agent.clone();
                self.write_signed(entry, move |tx, _| Ok(tx.insert_agent(&row)?))
                    .await?;
                lock(&self.agents).insert(agent.key_sha256, agent.clone());
                lock(&self.pairings).paired(&id, &agent);
                message
            }
            Subject::Enrolled {
                credential,
                registration,
            } => {
                let message = format!("{} approves from now on.", credential.label);
                let entry = LogEntry::new(
                    now,
                    Record::PasskeyEnrolled {
                        credential: *credential,
                        registration,
                        by: Some(by),
                    },
                );
                self.write_signed(entry, |_, _| Ok(())).await?;
                message
            }
            Subject::Revocation { credential_id } => {
                let entry = LogEntry::new(now, Record::PasskeyRevoked { credential_id, by });
                self.write_signed(entry, |_, _| Ok(())).await?;
                "The passkey approves nothing any more.".to_owned()
            }
            Subject::Enrolment { .. } => {
                return Err(refusal(
                    "ceremony_over",
                    "Nothing was approved.",
                    "Start again.",
                ));
            }
        };
        self.pin_head().await;
        self.tell(Change::Other);
        Ok(PageReply::Done { message })
    }

    /// Binds a proof to the stored bytes and holds the proposal. Gives the hold in seconds.
    async fn approve(&self, id: ma_core::ProposalId, approval: Approval) -> Result<u64, Refusal> {
        let now = self.now();
        let leaves = now + millis(self.config.hold);
        let changed = || {
            refusal(
                "changed",
                "It changed or was decided meanwhile. Nothing was approved.",
                "Look at the item again.",
            )
        };
        let row = self.store.proposal(&id)?.ok_or_else(changed)?;
        if let Some(reason) = self.broken(&row) {
            self.alarm(
                "changed_outside",
                "A proposal was changed outside the app",
                &reason,
            );
            return Err(changed());
        }
        let ring = lock(&self.ring).clone();
        let content = Content {
            subject: id.to_string(),
            action: row.action,
            display: row.display,
            prepared: approval.content().prepared.clone(),
        };
        // From the stored bytes, not from those of the ceremony.
        let approved = Approved::verify(id, approval.signed(), content, &ring).map_err(|e| {
            self.alarm(
                "changed_outside",
                "A proposal was changed outside the app",
                &format!("{e}. Nothing was approved."),
            );
            changed()
        })?;
        let id = approved.id().clone();
        let entry = LogEntry::new(
            now,
            Record::Approved {
                proposal: id.clone(),
                approval: Box::new(approval.signed().clone()),
            },
        );
        let prepared = approval.content().prepared.clone();
        self.write_signed(entry, move |tx, seq| {
            let state = tx
                .step(&id, State::Pending, Event::Approve, now)?
                .ok_or_else(changed)?;
            tx.note_approval(&id, seq, &prepared, leaves)?;
            tx.tell(Change::Moved {
                id: id.to_string(),
                state,
            });
            Ok(())
        })
        .await?;
        self.wake.notify_one();
        Ok(self.config.hold.as_secs())
    }

    /// Appends an entry that a passkey signed (or the first enrolment), with what belongs to it,
    /// in one transaction; the passkeys in memory follow the log.
    async fn write_signed(
        &self,
        entry: LogEntry,
        with: impl FnOnce(&mut Tx<'_>, u64) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<(), Refusal> {
        let Some(engine) = self.me.upgrade() else {
            return Err(refusal("closing", "The app is closing.", "Start it again."));
        };
        let result = self
            .store
            .write(move |tx| {
                let mut ring = lock(&engine.ring).clone();
                ring.take(&entry)?;
                let seq = tx.append(&entry)?;
                with(tx, seq)?;
                *lock(&engine.ring) = ring;
                Ok::<_, Refusal>(())
            })
            .await;
        if result.is_err() {
            self.read_ring_again();
        }
        result
    }

    /// After a write that failed, memory may be ahead of the disk.
    fn read_ring_again(&self) {
        let mut ring = KeyRing::default();
        let read = self.store.each_entry(|logged| {
            ring.take(&logged.entry()?)
                .map_err(|e| crate::StoreError::Changed(e.to_string()))
        });
        match read {
            Ok(_) => *lock(&self.ring) = ring,
            Err(error) => self.seal(&format!("The log cannot be read: {error}")),
        }
    }
}
