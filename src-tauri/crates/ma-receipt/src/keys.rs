//! Which passkeys may approve, read from the log alone. A passkey is enrolled by an older one;
//! the first is trusted on first use. No other place can add one.

use crate::assertion::{AssertionError, verify_assertion};
use ma_core::{
    Canonical, Credential, Decision, Digest, LogEntry, Millis, Record, SignedApproval, canonical,
    enrolment_statement, pairing_statement, render_pairing, render_passkey, revocation_statement,
};
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why the log's passkeys cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// An approval names a passkey that was not enrolled before it.
    #[error("the passkey was not enrolled before this entry")]
    Unknown,
    /// The passkey had been revoked before.
    #[error("the passkey had been revoked before this entry")]
    Revoked,
    /// The signature does not hold.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// What was signed is not what stands in the entry.
    #[error("what was signed is not what stands in the entry: {0}")]
    Content(&'static str),
    /// The authenticator's counter did not rise: a copy of the passkey may exist.
    #[error("the passkey's counter went from {last} to {now}; a copy of it may exist")]
    Counter {
        /// The counter at the signature before.
        last: u32,
        /// The counter now.
        now: u32,
    },
    /// A passkey without an approval, after the first.
    #[error("a passkey was added without the approval of an older one")]
    SecondFirst,
    /// The same passkey twice.
    #[error("the passkey is enrolled already")]
    Twice,
}

#[derive(Debug, Clone)]
struct Key {
    credential: Credential,
    enrolled: Millis,
    revoked: Option<Millis>,
    counter: u32,
    last_used: Option<Millis>,
}

/// The passkeys, as the log has them up to some entry.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: BTreeMap<String, Key>,
    first: Option<(String, Digest)>,
}

#[derive(Serialize)]
struct SetMember<'a> {
    id: &'a str,
    passkey: &'a serde_json::Value,
}

impl KeyRing {
    /// Takes in the next entry. Entries that say nothing of passkeys change nothing;
    /// an approval of a proposal is checked like every other.
    pub fn take(&mut self, entry: &LogEntry) -> Result<(), KeyError> {
        match &entry.record {
            Record::PasskeyEnrolled { credential, by, .. } => {
                self.enrol(entry, credential, by.as_deref())
            }
            Record::PasskeyRevoked { credential_id, by } => {
                let key = self.keys.get(credential_id).ok_or(KeyError::Unknown)?;
                let action = revocation_statement(credential_id);
                let display = render_passkey(false, &key.credential.label, &id_hash(credential_id));
                self.sign(
                    entry.at,
                    by,
                    Decision::RevokePasskey,
                    credential_id,
                    &action,
                    &display,
                )?;
                if let Some(key) = self.keys.get_mut(credential_id) {
                    key.revoked = Some(entry.at);
                }
                Ok(())
            }
            Record::AgentPaired {
                name,
                key_sha256,
                pairing,
                code,
                by,
                ..
            } => {
                let action = pairing_statement(pairing, name, key_sha256, code);
                let display = render_pairing(name, code, key_sha256);
                self.sign(
                    entry.at,
                    by,
                    Decision::PairAgent,
                    pairing.as_str(),
                    &action,
                    &display,
                )
            }
            Record::Approved { proposal, approval } => {
                let p = &approval.preimage;
                if p.decision != Decision::Approve || p.subject != proposal.as_str() {
                    return Err(KeyError::Content("another decision or another proposal"));
                }
                self.accept(entry.at, approval)
            }
            Record::Installed { .. }
            | Record::AgentRevoked { .. }
            | Record::Proposed { .. }
            | Record::Rejected { .. }
            | Record::Withdrawn { .. }
            | Record::Superseded { .. }
            | Record::Expired { .. }
            | Record::Undone { .. }
            | Record::Started { .. }
            | Record::Finished { .. }
            | Record::Voided { .. }
            | Record::Settled { .. }
            | Record::Paused { .. }
            | Record::AccountConnected { .. } => Ok(()),
        }
    }

    /// Checks an approval against the passkeys as they are now, and remembers its counter.
    /// Gives the passkey's credential id.
    pub fn accept(&mut self, at: Millis, approval: &SignedApproval) -> Result<(), KeyError> {
        let set = self.digest();
        let id = &approval.assertion.credential_id;
        let key = self.keys.get_mut(id).ok_or(KeyError::Unknown)?;
        if key.revoked.is_some() {
            return Err(KeyError::Revoked);
        }
        let verified = verify_assertion(&key.credential, approval)?;
        let p = &approval.preimage;
        if p.key_set_sha256 != set {
            return Err(KeyError::Content("another set of passkeys was valid"));
        }
        if at < p.issued_ms || at > p.expires_ms {
            return Err(KeyError::Content("it was not signed in its time"));
        }
        let counts = verified.counter != 0 || key.counter != 0;
        if counts && verified.counter <= key.counter {
            return Err(KeyError::Counter {
                last: key.counter,
                now: verified.counter,
            });
        }
        key.counter = verified.counter;
        key.last_used = Some(at);
        Ok(())
    }

    fn enrol(
        &mut self,
        entry: &LogEntry,
        credential: &Credential,
        by: Option<&SignedApproval>,
    ) -> Result<(), KeyError> {
        if self.keys.contains_key(&credential.id) {
            return Err(KeyError::Twice);
        }
        match by {
            None if self.first.is_some() => return Err(KeyError::SecondFirst),
            None => self.first = Some((credential.id.clone(), entry.digest())),
            Some(approval) => {
                let action = enrolment_statement(credential);
                let display = render_passkey(true, &credential.label, &id_hash(&credential.id));
                self.sign(
                    entry.at,
                    approval,
                    Decision::EnrolPasskey,
                    &credential.id,
                    &action,
                    &display,
                )?;
            }
        }
        let counter = credential
            .passkey
            .pointer("/cred/counter")
            .and_then(serde_json::Value::as_u64)
            .and_then(|c| u32::try_from(c).ok())
            .unwrap_or(0);
        self.keys.insert(
            credential.id.clone(),
            Key {
                credential: credential.clone(),
                enrolled: entry.at,
                revoked: None,
                counter,
                last_used: None,
            },
        );
        Ok(())
    }

    fn sign(
        &mut self,
        at: Millis,
        approval: &SignedApproval,
        decision: Decision,
        subject: &str,
        action: &[u8],
        display: &ma_core::Display,
    ) -> Result<(), KeyError> {
        let p = &approval.preimage;
        if p.decision != decision {
            return Err(KeyError::Content("another decision was signed"));
        }
        if p.subject != subject || p.action_sha256 != Digest::of(action) {
            return Err(KeyError::Content("something else was signed"));
        }
        if p.display_sha256 != display.digest() || p.prepared_sha256 != Digest::of(b"") {
            return Err(KeyError::Content("something else was shown"));
        }
        self.accept(at, approval)
    }

    /// The passkeys that may approve now, by credential id.
    pub fn active(&self) -> impl Iterator<Item = &Credential> {
        self.keys
            .values()
            .filter(|k| k.revoked.is_none())
            .map(|k| &k.credential)
    }

    /// Every passkey with when it was enrolled, revoked and last used.
    pub fn all(
        &self,
    ) -> impl Iterator<Item = (&Credential, Millis, Option<Millis>, Option<Millis>)> {
        self.keys
            .values()
            .map(|k| (&k.credential, k.enrolled, k.revoked, k.last_used))
    }

    /// The passkey of that credential id, if it may approve now.
    pub fn credential(&self, id: &str) -> Option<&Credential> {
        self.active().find(|c| c.id == id)
    }

    /// The first passkey's credential id, and the SHA-256 of the entry that enrolled it:
    /// what the OS keychain pins.
    pub fn first(&self) -> Option<(&str, Digest)> {
        self.first
            .as_ref()
            .map(|(id, digest)| (id.as_str(), *digest))
    }

    /// SHA-256 over the passkeys that may approve now.
    pub fn digest(&self) -> Digest {
        let members: Vec<SetMember<'_>> = self
            .active()
            .map(|c| SetMember {
                id: &c.id,
                passkey: &c.passkey,
            })
            .collect();
        Digest::of(&canonical(&members))
    }
}

/// How a passkey is shown to people: a hash of its credential id.
fn id_hash(id: &str) -> Digest {
    Digest::of(id.as_bytes())
}
