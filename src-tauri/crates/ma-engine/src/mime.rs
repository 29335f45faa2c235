//! The finished mail: made once, when the gesture begins; what is signed is what is sent.

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use ma_core::{Canonical, Millis, ProposalId, Recipient, SendEmail};
use ma_receipt::mail_matches;
use std::time::{Duration, UNIX_EPOCH};
use thiserror::Error;

/// The mail cannot be made, or would not say what was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the mail cannot be made: {0}")]
pub struct MimeError(String);

fn fail(error: impl std::fmt::Display) -> MimeError {
    MimeError(error.to_string())
}

/// Makes the bytes of a mail (RFC 5322), with its Message-ID and Date, and reads them back with
/// another parser: what differs from the proposal is refused. Bcc is in the envelope only.
pub(crate) fn compose(
    id: &ProposalId,
    mail: &SendEmail,
    attachments: Vec<Vec<u8>>,
    now: Millis,
) -> Result<Vec<u8>, MimeError> {
    let seconds = u64::try_from(now.div_euclid(1000)).unwrap_or(0);
    let mut builder = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(mail.subject.as_str())
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}>", message_id(id, mail))))
        .envelope(envelope(mail)?);
    for recipient in &mail.to {
        builder = builder.to(mailbox(recipient)?);
    }
    for recipient in &mail.cc {
        builder = builder.cc(mailbox(recipient)?);
    }
    let text = SinglePart::plain(mail.text.as_str().to_owned());
    let message = if mail.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().singlepart(text);
        for (said, bytes) in mail.attachments.iter().zip(attachments) {
            let kind = ContentType::parse(said.media_type.as_str()).map_err(fail)?;
            let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
                .map_err(|_| MimeError("an attachment cannot be encoded".to_owned()))?;
            parts =
                parts.singlepart(Attachment::new(said.name.as_str().to_owned()).body(body, kind));
        }
        builder.multipart(parts)
    };
    let raw = message.map_err(fail)?.formatted();
    mail_matches(&raw, mail).map_err(fail)?;
    Ok(raw)
}

/// The Message-ID, without brackets: the proposal's id and the action's hash, at the sender's
/// domain. The same proposal always has the same one.
pub(crate) fn message_id(id: &ProposalId, mail: &SendEmail) -> String {
    let hash: String = mail_hash(mail).chars().take(8).collect();
    let id = id.as_str().trim_start_matches("p-");
    format!("{id}.{hash}@{}", mail.from.address.domain())
}

fn mail_hash(mail: &SendEmail) -> String {
    ma_core::Action::EmailSend(mail.clone()).digest().hex()
}

/// Who the server is told: everybody, Bcc too.
pub(crate) fn envelope(mail: &SendEmail) -> Result<Envelope, MimeError> {
    let address = |r: &Recipient| r.address.as_str().parse().map_err(fail);
    let to = mail
        .recipients()
        .map(address)
        .collect::<Result<Vec<_>, _>>()?;
    Envelope::new(Some(address(&mail.from)?), to).map_err(fail)
}

fn mailbox(recipient: &Recipient) -> Result<Mailbox, MimeError> {
    let address = recipient.address.as_str().parse().map_err(fail)?;
    let name = recipient.name.as_ref().map(|n| n.as_str().to_owned());
    Ok(Mailbox::new(name, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ma_core::{
        AccountId, Digest, EmailAddress, FileName, MailText, MediaType, PersonName, SubjectLine,
    };

    fn person(address: &str, name: Option<&str>) -> Recipient {
        Recipient {
            address: EmailAddress::parse(address).unwrap(),
            name: name.map(|n| PersonName::parse(n).unwrap()),
        }
    }

    fn mail(subject: &str, text: &str, files: &[(&str, &str, &[u8])]) -> (SendEmail, Vec<Vec<u8>>) {
        let mail = SendEmail {
            account: AccountId::practice(),
            from: person("you@practice.test", Some("You")),
            to: vec![person("mara@practice.test", Some("Mara \"M\" Ölsen, Dr."))],
            cc: vec![person("jonas@practice.test", None)],
            bcc: vec![person("hidden@practice.test", Some("Nobody sees me"))],
            subject: SubjectLine::parse(subject).unwrap(),
            text: MailText::parse(text).unwrap(),
            attachments: files
                .iter()
                .map(|(name, kind, bytes)| ma_core::Attachment {
                    name: FileName::parse(*name).unwrap(),
                    media_type: MediaType::parse(*kind).unwrap(),
                    size: bytes.len() as u64,
                    sha256: Digest::of(bytes),
                })
                .collect(),
        };
        (mail, files.iter().map(|f| f.2.to_vec()).collect())
    }

    fn compose_one(subject: &str, text: &str, files: &[(&str, &str, &[u8])]) -> String {
        let (mail, blobs) = mail(subject, text, files);
        let raw = compose(
            &ProposalId::from_random([1; 8]),
            &mail,
            blobs,
            1_700_000_000_000,
        )
        .unwrap();
        String::from_utf8(raw).unwrap()
    }

    #[test]
    fn every_text_that_parses_can_be_sent_and_reads_back_the_same() {
        let long = "word ".repeat(400);
        for subject in [
            "Friday",
            "Grüße aus Köln 🚢",
            "50 %?= x",
            "a: b: c",
            long.trim(),
        ] {
            for text in [
                "",
                "Hello",
                "Zeile ä\n.\n..\nFrom here\n",
                "one very long line ",
                &long,
                "\n\nx\n\n",
                "tab\there",
                "trailing  \nspace ",
            ] {
                compose_one(subject.get(..subject.len().min(800)).unwrap(), text, &[]);
            }
        }
    }

    #[test]
    fn attachments_of_any_bytes_and_any_simple_type_read_back_the_same() {
        let all: Vec<u8> = (0..=255).collect();
        compose_one(
            "s",
            "t",
            &[
                ("a.bin", "application/octet-stream", &all),
                ("b.txt", "text/plain", b"line\nline\r\nbare\rend"),
                ("c.html", "text/html", "<b>ü</b>".as_bytes()),
                ("rechnung äöü.pdf", "application/pdf", b"%PDF"),
                ("empty", "text/csv", b""),
                ("latin1.txt", "text/plain", b"\xe4\xf6\xfc"),
            ],
        );
    }

    #[test]
    fn bcc_is_in_the_envelope_and_nowhere_in_the_mail() {
        let raw = compose_one("s", "t", &[]);
        assert!(
            !raw.contains("hidden@") && !raw.to_lowercase().contains("bcc"),
            "{raw}"
        );
        let (mail, _) = mail("s", "t", &[]);
        assert_eq!(envelope(&mail).unwrap().to().len(), 3);
    }
}
