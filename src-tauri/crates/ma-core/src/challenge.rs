//! The challenge: what a passkey signs, bound to the content it approves.

use crate::{Digest, InstallId, Millis};
use serde::{Deserialize, Serialize};

/// What a gesture decides. A rejection needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// One proposal may run.
    Approve,
    /// A set of proposals, each shown, may run: the subject is a Merkle root.
    ApproveSet,
    /// A further passkey may approve.
    EnrolPasskey,
    /// A passkey may no longer approve.
    RevokePasskey,
    /// An agent may read and propose.
    PairAgent,
}

impl Decision {
    /// The name inside the preimage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveSet => "approve-set",
            Self::EnrolPasskey => "enrol-passkey",
            Self::RevokePasskey => "revoke-passkey",
            Self::PairAgent => "pair-agent",
        }
    }
}

/// Everything that a challenge commits to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preimage {
    /// This installation.
    pub install_id: InstallId,
    /// What is decided on: a proposal's, pairing's or credential's id.
    pub subject: String,
    /// What is decided.
    pub decision: Decision,
    /// SHA-256 of the action's canonical bytes.
    pub action_sha256: Digest,
    /// SHA-256 of the display's canonical bytes.
    pub display_sha256: Digest,
    /// SHA-256 of the exact bytes that the connector will send.
    pub prepared_sha256: Digest,
    /// The random challenge that webauthn-rs made, base64url without padding.
    pub nonce: String,
    /// Root of the log when the challenge was issued.
    pub log_root: Digest,
    /// Size of the log when the challenge was issued, in entries.
    pub log_size: u64,
    /// SHA-256 over the passkeys that were valid then.
    pub key_set_sha256: Digest,
    /// When it was issued.
    pub issued_ms: Millis,
    /// When it ends.
    pub expires_ms: Millis,
}

const CONTEXT: &[u8] = b"mechanical-advantage/approval/v1\0";

impl Preimage {
    /// The bytes that are hashed: the context, then each field with its length.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = CONTEXT.to_vec();
        let mut lp = |bytes: &[u8]| {
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        lp(self.install_id.as_str().as_bytes());
        lp(self.subject.as_bytes());
        lp(self.decision.name().as_bytes());
        lp(self.action_sha256.as_bytes());
        lp(self.display_sha256.as_bytes());
        lp(self.prepared_sha256.as_bytes());
        lp(self.nonce.as_bytes());
        lp(self.log_root.as_bytes());
        out.extend_from_slice(&self.log_size.to_be_bytes());
        let mut lp = |bytes: &[u8]| {
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        lp(self.key_set_sha256.as_bytes());
        out.extend_from_slice(&self.issued_ms.cast_unsigned().to_be_bytes());
        out.extend_from_slice(&self.expires_ms.cast_unsigned().to_be_bytes());
        out
    }

    /// The challenge: SHA-256 over [`Preimage::bytes`].
    pub fn challenge(&self) -> Digest {
        Digest::of(&self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preimage() -> Preimage {
        Preimage {
            install_id: InstallId::of_public_key(&[7; 32]),
            subject: "p-0123456789abc".to_owned(),
            decision: Decision::Approve,
            action_sha256: Digest::of(b"action"),
            display_sha256: Digest::of(b"display"),
            prepared_sha256: Digest::of(b"prepared"),
            nonce: "nonce".to_owned(),
            log_root: Digest::of(b"root"),
            log_size: 3,
            key_set_sha256: Digest::of(b"keys"),
            issued_ms: 1,
            expires_ms: 2,
        }
    }

    #[test]
    fn every_field_changes_the_challenge() {
        let base = preimage();
        let other = Digest::of(b"other");
        let changed = [
            Preimage {
                install_id: InstallId::of_public_key(&[8; 32]),
                ..base.clone()
            },
            Preimage {
                subject: "p-0123456789abd".to_owned(),
                ..base.clone()
            },
            Preimage {
                decision: Decision::PairAgent,
                ..base.clone()
            },
            Preimage {
                action_sha256: other,
                ..base.clone()
            },
            Preimage {
                display_sha256: other,
                ..base.clone()
            },
            Preimage {
                prepared_sha256: other,
                ..base.clone()
            },
            Preimage {
                nonce: "nonc".to_owned(),
                ..base.clone()
            },
            Preimage {
                log_root: other,
                ..base.clone()
            },
            Preimage {
                log_size: 4,
                ..base.clone()
            },
            Preimage {
                key_set_sha256: other,
                ..base.clone()
            },
            Preimage {
                issued_ms: 2,
                ..base.clone()
            },
            Preimage {
                expires_ms: 3,
                ..base.clone()
            },
        ];
        for other in changed {
            assert_ne!(other.challenge(), base.challenge(), "{other:?}");
        }
    }

    #[test]
    fn the_preimage_is_the_one_written_in_the_design() {
        let p = preimage();
        let mut expected = b"mechanical-advantage/approval/v1\0".to_vec();
        for part in [
            p.install_id.as_str().as_bytes(),
            b"p-0123456789abc",
            b"approve",
            p.action_sha256.as_bytes(),
            p.display_sha256.as_bytes(),
            p.prepared_sha256.as_bytes(),
            b"nonce",
            p.log_root.as_bytes(),
        ] {
            expected.extend((part.len() as u64).to_be_bytes());
            expected.extend(part);
        }
        expected.extend(3u64.to_be_bytes());
        expected.extend(32u64.to_be_bytes());
        expected.extend(p.key_set_sha256.as_bytes());
        expected.extend(1u64.to_be_bytes());
        expected.extend(2u64.to_be_bytes());
        assert_eq!(p.bytes(), expected);
    }
}
