//! The offline verification of a receipt.

use crate::checkpoint::{Proof, origin, verify_checkpoint};
use crate::encoding::from_base64;
use crate::keys::KeyRing;
use crate::mail::mail_matches;
use crate::receipt::{Attested, FORMAT, Receipt};
use crate::verdict::{Check, Verdict};
use ma_core::tree::{self, TreeRoot};
use ma_core::{
    Action, AgentName, Canonical, Digest, Display, LogEntry, Reason, Record, SignedApproval, render,
};

struct Subject<'a> {
    receipt: &'a Receipt,
    action: Action,
    display: Display,
    prepared: Vec<u8>,
    approval: SignedApproval,
    approved: LogEntry,
    proposal: String,
}

/// Checks a receipt with nothing but itself. Every check is made, also after one failed.
pub fn verify(receipt: &Receipt) -> Verdict {
    let subject = match read(receipt) {
        Ok(subject) => subject,
        Err(what) => return unreadable(what),
    };
    let checks = vec![
        check("shown", "Shown is what was signed", shown(&subject)),
        check("sent", "Sent is what was shown", sent(&subject)),
        check("signature", "The passkey signed this", signature(&subject)),
        check("passkey", "The passkey was valid", passkey(&subject)),
        check("place", "It is in the log", place(&subject)),
        check("log", "The log is whole", whole(&subject)),
        check("outcome", "The outcome belongs to it", outcome(&subject)),
    ];
    let credential = receipt
        .keys
        .iter()
        .filter_map(Attested::read)
        .find_map(|entry| {
            if let Record::PasskeyEnrolled { credential, .. } = entry.record
                && credential.id == subject.approval.assertion.credential_id
            {
                Some(credential.label)
            } else {
                None
            }
        });
    let first = receipt
        .keys
        .first()
        .map(|k| Digest::of(k.entry.as_bytes()).hex());
    Verdict {
        valid: checks.iter().all(|c| c.holds),
        proposal: Some(subject.proposal.clone()),
        verb: Some(subject.action.verb().to_owned()),
        title: Some(subject.display.title.plain()),
        approved_ms: Some(subject.approved.at),
        passkey: credential,
        route: Some(format!(
            "{}, {}",
            subject.approval.route, subject.approval.origin
        )),
        install_id: Some(subject.approval.preimage.install_id.to_string()),
        first_passkey: first,
        outcome: finished(&subject).ok().flatten(),
        checks,
    }
}

fn unreadable(what: &str) -> Verdict {
    Verdict {
        valid: false,
        proposal: None,
        verb: None,
        title: None,
        approved_ms: None,
        passkey: None,
        route: None,
        install_id: None,
        first_passkey: None,
        outcome: None,
        checks: vec![Check {
            id: "format",
            name: "It is a receipt",
            holds: false,
            detail: what.to_owned(),
        }],
    }
}

fn check(id: &'static str, name: &'static str, result: Result<String, String>) -> Check {
    let holds = result.is_ok();
    let (Ok(detail) | Err(detail)) = result;
    Check {
        id,
        name,
        holds,
        detail,
    }
}

fn read(receipt: &Receipt) -> Result<Subject<'_>, &'static str> {
    if receipt.format != FORMAT {
        return Err("it is of another format or version");
    }
    let action: Action =
        serde_json::from_str(&receipt.action).map_err(|_| "the action cannot be read")?;
    let display: Display =
        serde_json::from_str(&receipt.display).map_err(|_| "what was shown cannot be read")?;
    let prepared = from_base64(&receipt.prepared).ok_or("the sent bytes cannot be read")?;
    let approved = receipt
        .approved
        .read()
        .ok_or("the entry of the approval cannot be read")?;
    let Record::Approved { proposal, approval } = approved.record.clone() else {
        return Err("the entry is not an approval");
    };
    Ok(Subject {
        receipt,
        action,
        display,
        prepared,
        approval: *approval,
        approved,
        proposal: proposal.to_string(),
    })
}

fn shown(s: &Subject<'_>) -> Result<String, String> {
    let p = &s.approval.preimage;
    if Digest::of(s.receipt.display.as_bytes()) != p.display_sha256
        || s.display.canonical() != s.receipt.display.as_bytes()
    {
        return Err("The display is not the one that was signed".to_owned());
    }
    let Some(said) = &s.display.said else {
        return Err("The display names no agent".to_owned());
    };
    let name = AgentName::parse(said.agent.clone()).map_err(|e| e.to_string())?;
    // The reason is shown with marks, so it cannot be rendered back; the rest can.
    let reason = Reason::parse("-").map_err(|e| e.to_string())?;
    let mut again = render(&s.action, &name, &reason);
    again.said.clone_from(&s.display.said);
    if again != s.display {
        return Err("The display does not show what the action does".to_owned());
    }
    Ok("Display bytes match the signed digest".to_owned())
}

fn sent(s: &Subject<'_>) -> Result<String, String> {
    let p = &s.approval.preimage;
    if Digest::of(s.receipt.action.as_bytes()) != p.action_sha256
        || s.action.canonical() != s.receipt.action.as_bytes()
    {
        return Err("The action is not the one that was signed".to_owned());
    }
    if Digest::of(&s.prepared) != p.prepared_sha256 {
        return Err("The sent bytes are not the ones that were signed".to_owned());
    }
    match &s.action {
        Action::EmailSend(mail) => {
            mail_matches(&s.prepared, mail).map_err(|e| e.to_string())?;
        }
    }
    Ok(format!(
        "{} bytes, read back and compared",
        grouped(s.prepared.len())
    ))
}

/// 251151 as "251 151" (SI Brochure 5.4.4: groups of three, with a thin space that does not break).
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

fn signature(s: &Subject<'_>) -> Result<String, String> {
    let Some(Record::Installed { install_id, .. }) = s.receipt.installed.read().map(|e| e.record)
    else {
        return Err("The log's first entry is missing".to_owned());
    };
    if install_id != s.approval.preimage.install_id {
        return Err("It was signed for another installation".to_owned());
    }
    let mut ring = ring_before(s)?;
    ring.accept(s.approved.at, &s.approval)
        .map_err(|e| e.to_string())?;
    Ok(format!(
        "Decision \"{}\", person verified, origin {}",
        s.approval.preimage.decision.name(),
        s.approval.origin
    ))
}

fn passkey(s: &Subject<'_>) -> Result<String, String> {
    let ring = ring_before(s)?;
    let id = &s.approval.assertion.credential_id;
    let (_, enrolled, _, _) = ring
        .all()
        .find(|(c, _, revoked, _)| c.id == *id && revoked.is_none())
        .ok_or("The passkey was not enrolled, or had been revoked")?;
    if ring.digest() != s.approval.preimage.key_set_sha256 {
        return Err("Passkeys are missing from the receipt".to_owned());
    }
    let date = crate::cli::date(enrolled);
    Ok(format!("Enrolled {date}, not revoked before the approval"))
}

/// The passkeys as they were before the approval.
fn ring_before(s: &Subject<'_>) -> Result<KeyRing, String> {
    let end = index(&s.receipt.approved)?;
    let mut ring = KeyRing::default();
    let mut last = None;
    for key in &s.receipt.keys {
        let at = index(key)?;
        if at >= end || last.is_some_and(|l| at <= l) {
            return Err("The passkeys' entries are not in the order of the log".to_owned());
        }
        last = Some(at);
        let entry = key.read().ok_or("A passkey's entry cannot be read")?;
        ring.take(&entry).map_err(|e| e.to_string())?;
    }
    Ok(ring)
}

fn index(attested: &Attested) -> Result<u64, String> {
    Proof::from_text(&attested.proof)
        .map(|p| p.index)
        .map_err(|e| e.to_string())
}

fn attested<'a>(s: &'a Subject<'_>) -> impl Iterator<Item = &'a Attested> {
    let r = s.receipt;
    [&r.installed, &r.proposed, &r.approved]
        .into_iter()
        .chain(r.finished.as_ref())
        .chain(&r.keys)
}

fn place(s: &Subject<'_>) -> Result<String, String> {
    let mut count = 0_usize;
    for a in attested(s) {
        let proof = Proof::from_text(&a.proof).map_err(|e| e.to_string())?;
        proof
            .verify(&s.receipt.verifier_key, a.entry.as_bytes())
            .map_err(|e| e.to_string())?;
        count += 1;
    }
    if index(&s.receipt.installed)? != 0 {
        return Err("The installation's entry is not the first".to_owned());
    }
    let proposed = s
        .receipt
        .proposed
        .read()
        .ok_or("The proposal's entry cannot be read")?;
    let p = &s.approval.preimage;
    if let Record::Proposed {
        proposal,
        action_sha256,
        display_sha256,
        ..
    } = proposed.record
        && proposal.as_str() == s.proposal
        && action_sha256 == p.action_sha256
        && display_sha256 == p.display_sha256
    {
        let number = index(&s.receipt.approved)? + 1;
        Ok(format!("Entry {number}, with {count} inclusion proofs"))
    } else {
        Err("The proposal's entry is about something else".to_owned())
    }
}

fn whole(s: &Subject<'_>) -> Result<String, String> {
    let proof = Proof::from_text(&s.receipt.approved.proof).map_err(|e| e.to_string())?;
    let now =
        verify_checkpoint(&s.receipt.verifier_key, &proof.checkpoint).map_err(|e| e.to_string())?;
    let Some(Record::Installed {
        install_id,
        verifier_key,
    }) = s.receipt.installed.read().map(|e| e.record)
    else {
        return Err("The log's first entry is missing".to_owned());
    };
    if verifier_key != s.receipt.verifier_key
        || !verifier_key.starts_with(&format!("{}+", origin(&install_id)))
        || !key_names_install(&verifier_key, &install_id)
    {
        return Err("The checkpoint's key is not the installation's".to_owned());
    }
    let p = &s.approval.preimage;
    let signed = TreeRoot {
        size: p.log_size,
        hash: p.log_root,
    };
    let hashes = s
        .receipt
        .consistency
        .iter()
        .map(|h| {
            let bytes: [u8; 32] = from_base64(h)?.try_into().ok()?;
            Some(Digest::from_bytes(bytes))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or("The consistency proof cannot be read")?;
    tree::consistency(&hashes, now, signed)
        .map_err(|_| "The log that was signed is not the beginning of this one".to_owned())?;
    if signed.size > proof.index {
        return Err("The approval stands before the log that it signed".to_owned());
    }
    Ok(format!(
        "{} entries when signed, {} in the signed checkpoint",
        signed.size, now.size
    ))
}

fn key_names_install(verifier_key: &str, install: &ma_core::InstallId) -> bool {
    // Name, id, key: base 64 may hold a plus itself.
    verifier_key
        .splitn(3, '+')
        .nth(2)
        .and_then(from_base64)
        .and_then(|bytes| bytes.get(1..).and_then(|k| <[u8; 32]>::try_from(k).ok()))
        .is_some_and(|key| ma_core::InstallId::of_public_key(&key) == *install)
}

fn finished(s: &Subject<'_>) -> Result<Option<ma_core::Outcome>, String> {
    let Some(finished) = &s.receipt.finished else {
        return Ok(None);
    };
    let entry = finished
        .read()
        .ok_or("The entry of the outcome cannot be read")?;
    if let Record::Finished { proposal, outcome } = entry.record
        && proposal.as_str() == s.proposal
    {
        Ok(Some(outcome))
    } else {
        Err("The entry of the outcome is about something else".to_owned())
    }
}

fn outcome(s: &Subject<'_>) -> Result<String, String> {
    if finished(s)?.is_none() {
        return Ok("Not finished when the receipt was made".to_owned());
    }
    let at = s.receipt.finished.as_ref().map_or(Ok(0), index)?;
    if at <= index(&s.receipt.approved)? {
        return Err("The outcome stands before the approval".to_owned());
    }
    Ok("Its entry follows the approval".to_owned())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn a_number_is_grouped_from_its_end() {
        let numbers = [0, 288, 1_000, 251_151, 16_777_216].map(grouped);
        let read = numbers.map(|text| text.replace('\u{202F}', " "));
        assert_eq!(read, ["0", "288", "1 000", "251 151", "16 777 216"]);
    }
}
