//! Actions: typed things that could be done. No variant destroys anything.

use crate::digest::Canonical;
use crate::text::{FileName, Invalid, MailText, MediaType, SubjectLine};
use crate::{AccountId, Digest, EmailAddress, Recipient};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The most recipients of one mail, To, Cc and Bcc together (RFC 5321 4.5.3.1.8 promises 100).
pub const MAX_RECIPIENTS: usize = 100;

/// The most bytes of attachments in one mail, decoded: 16 MiB, which is under the 25 MB
/// that large providers take once the mail is base64.
pub const MAX_ATTACHMENT_BYTES: usize = 16 << 20;

const MAX_ATTACHMENTS: usize = 20;

/// How far an action reaches, which decides how long it is held after the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// It leaves this computer and cannot be called back.
    Outbound,
}

/// Everything that an agent may propose. Closed on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Action {
    /// Sends a new mail.
    #[serde(rename = "email.send")]
    EmailSend(SendEmail),
}

impl Canonical for Action {}

impl Action {
    /// The verb as agents write it, e.g. `email.send`.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::EmailSend(_) => "email.send",
        }
    }

    /// The account that it acts through.
    pub fn account(&self) -> &AccountId {
        match self {
            Self::EmailSend(mail) => &mail.account,
        }
    }

    /// How far it reaches.
    pub fn risk(&self) -> Risk {
        match self {
            Self::EmailSend(_) => Risk::Outbound,
        }
    }
}

/// A mail, as it will leave. `from` is always the connected account: no agent sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendEmail {
    /// The account that sends.
    pub account: AccountId,
    /// The account's own address.
    pub from: Recipient,
    /// To.
    pub to: Vec<Recipient>,
    /// Cc.
    pub cc: Vec<Recipient>,
    /// Bcc: in the envelope only (RFC 5322 3.6.3).
    pub bcc: Vec<Recipient>,
    /// Subject.
    pub subject: SubjectLine,
    /// The text, lines ended by `\n`.
    pub text: MailText,
    /// Attachments by hash; the bytes are kept beside.
    pub attachments: Vec<Attachment>,
}

impl SendEmail {
    /// Everybody who will get it, in the order shown.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }
}

/// An attachment whose bytes were captured when it was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its name.
    pub name: FileName,
    /// Its media type, as the agent says.
    pub media_type: MediaType,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// An attachment with its bytes, on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub name: FileName,
    /// Its media type, as the agent says.
    pub media_type: MediaType,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What an agent hands in: an action without what only we may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Draft {
    /// A new mail.
    EmailSend(EmailDraft),
}

/// A mail without its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailDraft {
    /// The account to send from; the default one if absent.
    pub account: Option<AccountId>,
    /// To.
    pub to: Vec<Recipient>,
    /// Cc.
    pub cc: Vec<Recipient>,
    /// Bcc.
    pub bcc: Vec<Recipient>,
    /// Subject.
    pub subject: SubjectLine,
    /// Text.
    pub text: MailText,
    /// Attachments with their bytes.
    pub attachments: Vec<Upload>,
}

/// The account that a mail leaves from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The account.
    pub account: AccountId,
    /// Its address and the name that the person gave it.
    pub from: Recipient,
}

impl Draft {
    /// The account that the agent named, if any.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::EmailSend(mail) => mail.account.as_ref(),
        }
    }

    /// Makes the action that a person will be shown, and the bytes that it refers to.
    pub fn resolve(self, sender: &Sender) -> Result<(Action, Vec<Vec<u8>>), Invalid> {
        match self {
            Self::EmailSend(draft) => {
                let (mail, blobs) = draft.resolve(sender)?;
                Ok((Action::EmailSend(mail), blobs))
            }
        }
    }
}

fn refuse(field: &str, code: &'static str, message: String, next: &'static str) -> Invalid {
    Invalid {
        field: field.to_owned(),
        code,
        message,
        next,
    }
}

impl EmailDraft {
    fn resolve(self, sender: &Sender) -> Result<(SendEmail, Vec<Vec<u8>>), Invalid> {
        self.check_recipients()?;
        self.check_attachments()?;
        if self.subject.as_str().trim().is_empty()
            && self.text.as_str().trim().is_empty()
            && self.attachments.is_empty()
        {
            return Err(refuse(
                "text",
                "empty",
                "subject, text and attachments are all empty".to_owned(),
                "Write something to send.",
            ));
        }
        let mut blobs = Vec::with_capacity(self.attachments.len());
        let mut attachments = Vec::with_capacity(self.attachments.len());
        for upload in self.attachments {
            attachments.push(Attachment {
                name: upload.name,
                media_type: upload.media_type,
                size: upload.bytes.len() as u64,
                sha256: Digest::of(&upload.bytes),
            });
            blobs.push(upload.bytes);
        }
        let mail = SendEmail {
            account: sender.account.clone(),
            from: sender.from.clone(),
            to: self.to,
            cc: self.cc,
            bcc: self.bcc,
            subject: self.subject,
            text: self.text,
            attachments,
        };
        Ok((mail, blobs))
    }

    fn check_recipients(&self) -> Result<(), Invalid> {
        let count = self.to.len() + self.cc.len() + self.bcc.len();
        if count == 0 {
            return Err(refuse(
                "to",
                "no_recipient",
                "there is no recipient".to_owned(),
                "Name at least one address in to, cc or bcc.",
            ));
        }
        if count > MAX_RECIPIENTS {
            return Err(refuse(
                "to",
                "too_many_recipients",
                format!("{count} recipients are more than the {MAX_RECIPIENTS} allowed"),
                "Send to fewer people; a person has to read every address.",
            ));
        }
        let mut seen: HashSet<&EmailAddress> = HashSet::new();
        for (field, list) in [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc)] {
            for (index, recipient) in list.iter().enumerate() {
                if !seen.insert(&recipient.address) {
                    return Err(refuse(
                        &format!("{field}[{index}]"),
                        "duplicate_recipient",
                        format!("{} is named twice", recipient.address.as_str()),
                        "Name each address once.",
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_attachments(&self) -> Result<(), Invalid> {
        let total: usize = self.attachments.iter().map(|a| a.bytes.len()).sum();
        if total > MAX_ATTACHMENT_BYTES {
            return Err(refuse(
                "attachments",
                "attachments_too_large",
                format!("{total} bytes are more than the {MAX_ATTACHMENT_BYTES} allowed"),
                "Attach less, or send a link to a document instead.",
            ));
        }
        if self.attachments.len() > MAX_ATTACHMENTS {
            return Err(refuse(
                "attachments",
                "too_many_attachments",
                format!(
                    "{} attachments are more than the {MAX_ATTACHMENTS} allowed",
                    self.attachments.len()
                ),
                "Attach fewer files.",
            ));
        }
        Ok(())
    }
}
