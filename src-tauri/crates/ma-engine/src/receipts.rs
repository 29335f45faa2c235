//! Receipts, made from the log, and checked like anybody's.

use crate::engine::{Engine, lock, refusal};
use crate::home;
use crate::store::StoreError;
use crate::view::{CheckView, ReceiptView, Refusal};
use ma_core::{Digest, ProposalId, Record};
use ma_receipt::{Attested, Proof, Receipt, Verdict, base64, sign_checkpoint, verify};
use std::path::Path;

fn none() -> Refusal {
    refusal(
        "no_receipt",
        "It was never approved, so there is no receipt.",
        "Its story stands in History.",
    )
}

impl Engine {
    /// The receipt of a proposal with its checks, made just now.
    pub async fn receipt(&self, id: &str) -> Result<ReceiptView, Refusal> {
        let receipt = self.make_receipt(id)?;
        let verdict = verify(&receipt);
        Ok(view(id, &receipt, verdict))
    }

    /// Writes a receipt into a folder. Gives its path.
    pub async fn export_receipt(&self, id: &str, folder: &Path) -> Result<String, Refusal> {
        let receipt = self.make_receipt(id)?;
        let text = serde_json::to_vec_pretty(&receipt)
            .map_err(|e| refusal("receipt", &e.to_string(), "Try again."))?;
        let path = folder.join(format!("ma-receipt-{id}.json"));
        let written =
            std::fs::create_dir_all(folder).and_then(|()| home::replace_private_file(&path, &text));
        written.map_err(|e| {
            refusal(
                "not_written",
                &format!("{} cannot be written: {e}.", path.display()),
                "Make room on the disk, then try again.",
            )
        })?;
        Ok(path.display().to_string())
    }

    fn make_receipt(&self, id: &str) -> Result<Receipt, Refusal> {
        let install = self.install.as_ref().ok_or_else(none)?;
        let id: ProposalId = id.parse().map_err(|_| none())?;
        let row = self.store.proposal(&id)?.ok_or_else(none)?;
        let seq = row.approval_seq.ok_or_else(none)?;
        let head = *lock(&self.head);
        if seq >= head.size {
            return Err(refusal(
                "too_early",
                "It is being written down right now.",
                "Try again.",
            ));
        }
        let checkpoint = sign_checkpoint(&install.id, &install.key, head)
            .map_err(|e| refusal("receipt", &e.to_string(), "Try again."))?;
        let attest = |seq: u64| -> Result<Attested, Refusal> {
            let logged = self
                .store
                .entry(seq)?
                .ok_or_else(|| StoreError::Changed(format!("entry {} is missing", seq + 1)))?;
            let proof = Proof {
                index: seq,
                hashes: self.store.inclusion(head.size, seq)?,
                checkpoint: checkpoint.clone(),
            };
            Ok(Attested {
                entry: text(logged.bytes)?,
                proof: proof.to_text(),
            })
        };
        let entries = self.store.entries_of(&id)?;
        let proposed = entries.first().map(|e| e.seq).ok_or_else(none)?;
        let approved = attest(seq)?;
        let Some(Record::Approved { approval, .. }) = approved.read().map(|e| e.record) else {
            return Err(
                StoreError::Changed("the approval's entry cannot be read".to_owned()).into(),
            );
        };
        let finished = entries
            .iter()
            .filter(|e| e.seq > seq && e.seq < head.size)
            .find(|e| {
                e.entry()
                    .is_ok_and(|e| matches!(e.record, Record::Finished { .. }))
            })
            .map(|e| attest(e.seq))
            .transpose()?;
        let mut key_entries = Vec::new();
        self.store.each_entry(|logged| {
            let about_keys = matches!(
                logged.entry()?.record,
                Record::PasskeyEnrolled { .. } | Record::PasskeyRevoked { .. }
            );
            if about_keys && logged.seq < seq {
                key_entries.push(logged.seq);
            }
            Ok(())
        })?;
        let consistency = self
            .store
            .consistency(head.size, approval.preimage.log_size)?
            .iter()
            .map(|h: &Digest| base64(h.as_bytes()))
            .collect();
        Ok(Receipt {
            format: ma_receipt::FORMAT.to_owned(),
            verifier_key: install.verifier_key.clone(),
            action: text(row.action)?,
            display: text(row.display)?,
            prepared: base64(&self.store.prepared(&id)?.unwrap_or_default()),
            installed: attest(0)?,
            proposed: attest(proposed)?,
            approved,
            finished,
            keys: key_entries
                .into_iter()
                .map(attest)
                .collect::<Result<_, _>>()?,
            consistency,
        })
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    Ok(String::from_utf8(bytes)
        .map_err(|_| StoreError::Changed("an entry is not text".to_owned()))?)
}

fn view(id: &str, receipt: &Receipt, verdict: Verdict) -> ReceiptView {
    let proof = Proof::from_text(&receipt.approved.proof).ok();
    let tree = proof
        .as_ref()
        .and_then(|p| ma_receipt::verify_checkpoint(&receipt.verifier_key, &p.checkpoint).ok());
    let synced = receipt.keys.iter().filter_map(Attested::read).any(|entry| {
        if let Record::PasskeyEnrolled { credential, .. } = entry.record {
            credential.backup_eligible && Some(&credential.label) == verdict.passkey.as_ref()
        } else {
            false
        }
    });
    let mut checks: Vec<CheckView> = verdict
        .checks
        .iter()
        .map(|c| CheckView {
            name: c.name.to_owned(),
            holds: c.holds,
            detail: c.detail.clone(),
        })
        .collect();
    checks.sort_by_key(|c| c.holds);
    ReceiptView {
        id: id.to_owned(),
        approved: verdict.approved_ms.unwrap_or_default(),
        passkey: verdict.passkey.unwrap_or_default(),
        synced,
        route: verdict.route.unwrap_or_default(),
        entry: proof.map_or(0, |p| p.index + 1),
        checkpoint: tree.map_or(0, |t| t.size),
        root: tree.map(|t| base64(t.hash.as_bytes())).unwrap_or_default(),
        checks,
        valid: verdict.valid,
    }
}
