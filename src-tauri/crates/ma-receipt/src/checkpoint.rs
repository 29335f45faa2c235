//! Checkpoints (c2sp.org/tlog-checkpoint) and proofs of a place in the log (c2sp.org/tlog-proof).

use crate::encoding::{base64, from_base64};
use ma_core::tree::{self, TreeRoot};
use ma_core::{Digest, InstallId};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use thiserror::Error;
use tlog_tiles::{Checkpoint, Hash};

/// Why a checkpoint or a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    /// It is not in the format.
    #[error("it is not in the format of c2sp.org/{0}")]
    Malformed(&'static str),
    /// The checkpoint's signature is not by this key.
    #[error("the checkpoint is not signed by this installation")]
    Signature,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of another log")]
    OtherLog,
    /// The entry is not at this place.
    #[error("the entry is not at this place in the log")]
    NotThere,
}

/// The log's origin, which is also the name of its key.
pub fn origin(install: &InstallId) -> String {
    format!("mechanical-advantage/{install}")
}

/// The installation's key in the format of c2sp.org/signed-note: `name+id+key`.
pub fn verifier_key(install: &InstallId, key: &ed25519_dalek::VerifyingKey) -> String {
    signed_note::new_ed25519_verifier_key(&origin(install), key)
}

/// Signs a checkpoint of this size and root.
pub fn sign_checkpoint(
    install: &InstallId,
    key: &ed25519_dalek::SigningKey,
    tree: TreeRoot,
) -> Result<String, ProofError> {
    let malformed = || ProofError::Malformed("tlog-checkpoint");
    let name = origin(install);
    let body = Checkpoint::new(&name, tree.size, Hash(*tree.hash.as_bytes()), "")
        .map_err(|_| malformed())?;
    let mut note = Note::new(&body.to_bytes(), &[]).map_err(|_| malformed())?;
    let public = [&[1_u8], key.verifying_key().to_bytes().as_slice()].concat();
    let private = [&[1_u8], key.to_bytes().as_slice()].concat();
    let signer = StandardSigner::new(&format!(
        "PRIVATE+KEY+{name}+{:08x}+{}",
        signed_note::key_id(&name, &public),
        base64(&private)
    ))
    .map_err(|_| malformed())?;
    note.add_sigs(&[&signer]).map_err(|_| malformed())?;
    String::from_utf8(note.to_bytes()).map_err(|_| malformed())
}

/// Checks a checkpoint's signature and origin, and gives its size and root.
pub fn verify_checkpoint(verifier_key: &str, note: &str) -> Result<TreeRoot, ProofError> {
    let malformed = || ProofError::Malformed("tlog-checkpoint");
    let verifier =
        StandardVerifier::new(verifier_key).map_err(|_| ProofError::Malformed("signed-note"))?;
    let name = verifier_key
        .split('+')
        .next()
        .unwrap_or_default()
        .to_owned();
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| malformed())?;
    parsed
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|_| ProofError::Signature)?;
    let checkpoint = Checkpoint::from_bytes(parsed.text()).map_err(|_| malformed())?;
    if checkpoint.origin() != name {
        return Err(ProofError::OtherLog);
    }
    Ok(TreeRoot {
        size: checkpoint.size(),
        hash: Digest::from_bytes(checkpoint.hash().0),
    })
}

/// The place of one entry in a checkpointed log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The entry's index, from 0.
    pub index: u64,
    /// The inclusion proof (RFC 6962 2.1.1).
    pub hashes: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

const PROOF_HEAD: &str = "c2sp.org/tlog-proof@v1";

impl Proof {
    /// The text of c2sp.org/tlog-proof.
    pub fn to_text(&self) -> String {
        let mut text = format!("{PROOF_HEAD}\nindex {}\n", self.index);
        for hash in &self.hashes {
            text.push_str(&base64(hash.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text of c2sp.org/tlog-proof, without extra data.
    pub fn from_text(text: &str) -> Result<Self, ProofError> {
        let malformed = || ProofError::Malformed("tlog-proof");
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(malformed)?;
        let mut lines = head.lines();
        if lines.next() != Some(PROOF_HEAD) {
            return Err(malformed());
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|index| index.parse().ok())
            .ok_or_else(malformed)?;
        let hashes = lines
            .map(|line| {
                let bytes: [u8; 32] = from_base64(line)?.try_into().ok()?;
                Some(Digest::from_bytes(bytes))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(malformed)?;
        Ok(Self {
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that the entry with these bytes stands at this place of the checkpointed log.
    pub fn verify(&self, verifier_key: &str, entry: &[u8]) -> Result<TreeRoot, ProofError> {
        let tree = verify_checkpoint(verifier_key, &self.checkpoint)?;
        if self.index >= tree.size {
            return Err(ProofError::NotThere);
        }
        tree::inclusion(&self.hashes, tree, self.index, entry).map_err(|_| ProofError::NotThere)?;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    #[test]
    fn a_checkpoint_of_any_key_verifies_with_its_own_key_and_no_other() {
        for seed in 0..64 {
            let key = SigningKey::from_bytes(&[seed; 32]);
            let install = InstallId::of_public_key(key.verifying_key().as_bytes());
            let tree = TreeRoot {
                size: 7,
                hash: Digest::of(b"root"),
            };
            let note = sign_checkpoint(&install, &key, tree).unwrap();
            let own = verifier_key(&install, &key.verifying_key());
            assert_eq!(verify_checkpoint(&own, &note), Ok(tree));
            let other = SigningKey::from_bytes(&[seed + 1; 32]);
            let other = verifier_key(&install, &other.verifying_key());
            assert!(verify_checkpoint(&other, &note).is_err());
        }
    }

    #[test]
    fn a_proof_reads_back_what_it_wrote() {
        let proof = Proof {
            index: 3,
            hashes: vec![Digest::of(b"a"), Digest::of(b"b")],
            checkpoint: "origin\n4\nroot\n\nsignature\n".to_owned(),
        };
        assert_eq!(Proof::from_text(&proof.to_text()), Ok(proof));
        assert!(Proof::from_text("c2sp.org/tlog-proof@v2\nindex 1\n\nx").is_err());
    }
}
