//! Whether the bytes of a mail say exactly what the action says, read back by another parser
//! than the one that wrote them.

use crate::encoding::from_base64;
use ma_core::{Digest, Recipient, SendEmail};
use mail_parser::{Address, Encoding, MessageParser, MimeHeaders};
use thiserror::Error;

/// What the finished mail says differently.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the finished mail differs from what was proposed: {0}")]
pub struct MailMismatch(pub String);

const HEADERS: [&str; 9] = [
    "Date",
    "From",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Compares a finished mail (RFC 5322) with the action that it came from:
/// headers, every visible recipient, no Bcc, the text, each attachment by hash.
pub fn mail_matches(raw: &[u8], mail: &SendEmail) -> Result<(), MailMismatch> {
    let differs = |what: &str| Err(MailMismatch(what.to_owned()));
    let Some(message) = MessageParser::default().parse(raw) else {
        return differs("it cannot be read");
    };
    let mut seen: Vec<String> = Vec::new();
    for header in message.headers() {
        let name = header.name.as_str().to_owned();
        let known = HEADERS.iter().any(|h| h.eq_ignore_ascii_case(&name));
        if !known || seen.iter().any(|s| s.eq_ignore_ascii_case(&name)) {
            return differs(&format!("there is a header {name}"));
        }
        seen.push(name);
    }
    for (name, read, said) in [
        ("From", message.from(), std::slice::from_ref(&mail.from)),
        ("To", message.to(), mail.to.as_slice()),
        ("Cc", message.cc(), mail.cc.as_slice()),
    ] {
        if !same_people(read, said) {
            return differs(&format!("{name} names other people"));
        }
    }
    if message.message_id().is_none() || message.date().is_none() {
        return differs("Date or Message-ID is missing");
    }
    if message.subject().unwrap_or_default().trim() != mail.subject.as_str().trim() {
        return differs("the subject");
    }
    let text = message
        .body_text(0)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    if message.text_body_count() != 1
        || text.trim_end_matches('\n') != mail.text.as_str().trim_end_matches('\n')
    {
        return differs("the text");
    }
    same_attachments(&message, mail)
}

fn same_attachments(
    message: &mail_parser::Message<'_>,
    mail: &SendEmail,
) -> Result<(), MailMismatch> {
    let read: Vec<_> = message.attachments().collect();
    if read.len() != mail.attachments.len() {
        return Err(MailMismatch("the number of attachments".to_owned()));
    }
    for (part, said) in read.iter().zip(&mail.attachments) {
        // The decoded bytes themselves: the parser would read text in its charset.
        let encoded = message
            .raw_message
            .get(part.raw_body_offset() as usize..part.raw_end_offset() as usize)
            .unwrap_or_default();
        let encoded: String = encoded
            .iter()
            .filter(|b| !b.is_ascii_whitespace())
            .map(|b| char::from(*b))
            .collect();
        if part.encoding != Encoding::Base64
            || from_base64(&encoded).map(|bytes| Digest::of(&bytes)) != Some(said.sha256)
        {
            return Err(MailMismatch(format!(
                "the content of {}",
                said.name.as_str()
            )));
        }
        if part.attachment_name() != Some(said.name.as_str()) {
            return Err(MailMismatch(format!("the name of {}", said.name.as_str())));
        }
    }
    Ok(())
}

fn same_people(read: Option<&Address<'_>>, said: &[Recipient]) -> bool {
    let people: Vec<(String, Option<String>)> = match read {
        None => Vec::new(),
        Some(Address::List(list)) => list
            .iter()
            .map(|a| {
                (
                    a.address().unwrap_or_default().to_owned(),
                    a.name().map(str::to_owned),
                )
            })
            .collect(),
        // A group hides its members behind a name.
        Some(Address::Group(_)) => return false,
    };
    people.len() == said.len()
        && people.iter().zip(said).all(|((address, name), said)| {
            address == said.address.as_str()
                && name.as_deref() == said.name.as_ref().map(ma_core::PersonName::as_str)
        })
}
