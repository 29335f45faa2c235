//! What a person is shown, as data. Window, approval page and receipt draw exactly this,
//! and its canonical bytes are part of what the passkey signs.

use crate::digest::Canonical;
use crate::text::{AgentName, Reason, is_deceptive, is_joiner};
use crate::{Action, Digest, Recipient, SendEmail};
use serde::{Deserialize, Serialize};

/// The version of [`render`]. A change of wording or order is a new version, so that a receipt
/// keeps meaning what it meant.
pub const RENDERER_VERSION: u32 = 1;

/// Everything that is shown of one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// [`RENDERER_VERSION`] when it was rendered.
    pub version: u32,
    /// The verb, e.g. `email.send`.
    pub verb: String,
    /// The verb in a person's words, e.g. "Send".
    pub does: String,
    /// Head of the item, e.g. the subject.
    pub title: Shown,
    /// What will leave, in reading order. Nothing that leaves is missing here.
    pub fields: Vec<Field>,
    /// The agent's words about it, which do not leave. Absent where no agent speaks.
    pub said: Option<Said>,
}

impl Canonical for Display {}

/// Who proposes, and what they say of it: a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The agent's name, as the person accepted it at pairing.
    pub agent: String,
    /// Its reason.
    pub reason: Shown,
}

/// One part of what will leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Field {
    /// An address with its role.
    Address {
        /// From, To, Cc or Bcc.
        role: AddressRole,
        /// The address.
        address: AddressView,
    },
    /// A single line with a label.
    Line {
        /// E.g. "Subject".
        label: String,
        /// The line.
        value: Shown,
    },
    /// Running text, as the recipient will read it.
    Body {
        /// The text.
        value: Shown,
    },
    /// An attached file.
    Attachment(AttachmentView),
}

/// The role of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AddressRole {
    /// The sender.
    From,
    /// A first recipient.
    To,
    /// A copy that all see.
    Cc,
    /// A copy that the others do not see.
    Bcc,
}

/// An address: the destination first, the claimed name after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AddressView {
    /// The part before the `@`.
    pub local: String,
    /// The part after the `@`.
    pub domain: String,
    /// The name, if one is given.
    pub name: Option<Shown>,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AttachmentView {
    /// Its name.
    pub name: Shown,
    /// Its media type, as the agent says.
    pub media_type: String,
    /// Bytes.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size: u64,
    /// SHA-256, 64 hex digits.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub sha256: Digest,
}

/// Text in which every character that cannot be seen has become a mark that can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Shown(pub Vec<Span>);

/// A stretch of [`Shown`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Span {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A character that would not be seen.
    Hidden {
        /// Its code point: `U+200D`.
        code: String,
    },
}

impl Shown {
    /// Makes hidden characters visible.
    pub fn new(text: &str) -> Self {
        let mut spans = Vec::new();
        let mut run = String::new();
        for c in text.chars() {
            let emoji_joiner =
                c == '\u{200D}' && run.chars().next_back().is_some_and(is_pictograph);
            let layout = matches!(c, '\n' | '\t');
            let hidden = (c.is_control() && !layout) || is_deceptive(c) || is_joiner(c);
            if hidden && !emoji_joiner {
                if !run.is_empty() {
                    spans.push(Span::Text {
                        text: std::mem::take(&mut run),
                    });
                }
                spans.push(Span::Hidden {
                    code: format!("U+{:04X}", u32::from(c)),
                });
            } else {
                run.push(c);
            }
        }
        if !run.is_empty() {
            spans.push(Span::Text { text: run });
        }
        Self(spans)
    }

    /// The text with marks written as `[U+202E]`, for places that show plain text only.
    pub fn plain(&self) -> String {
        self.0
            .iter()
            .map(|span| match span {
                Span::Text { text } => text.clone(),
                Span::Hidden { code } => format!("[{code}]"),
            })
            .collect()
    }
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x2BFF | 0xFE0F | 0x1F000..=0x1FAFF)
}

/// The one renderer: an action and the agent's words to what a person sees.
pub fn render(action: &Action, agent: &AgentName, reason: &Reason) -> Display {
    let (does, title, fields) = match action {
        Action::EmailSend(mail) => ("Send", subject(mail), email_fields(mail)),
    };
    Display {
        version: RENDERER_VERSION,
        verb: action.verb().to_owned(),
        does: does.to_owned(),
        title,
        fields,
        said: Some(Said {
            agent: agent.as_str().to_owned(),
            reason: Shown::new(reason.as_str()),
        }),
    }
}

fn line(label: &str, value: &str) -> Field {
    Field::Line {
        label: label.to_owned(),
        value: Shown::new(value),
    }
}

/// What is shown before an agent is connected.
pub fn render_pairing(name: &AgentName, code: &str, key_sha256: &Digest) -> Display {
    Display {
        version: RENDERER_VERSION,
        verb: "pair-agent".to_owned(),
        does: "Connect".to_owned(),
        title: Shown::new(name.as_str()),
        fields: vec![
            line("Code", code),
            line("Key", &key_sha256.fingerprint()),
            line("May", "Read and propose. Never approve."),
        ],
        said: None,
    }
}

/// What is shown before a further passkey may approve, or one may no longer.
pub fn render_passkey(enrol: bool, label: &str, credential_sha256: &Digest) -> Display {
    let (verb, does, may) = if enrol {
        (
            "enrol-passkey",
            "Add a passkey",
            "Approve everything, as this one does.",
        )
    } else {
        (
            "revoke-passkey",
            "Remove a passkey",
            "Approve nothing any more.",
        )
    };
    Display {
        version: RENDERER_VERSION,
        verb: verb.to_owned(),
        does: does.to_owned(),
        title: Shown::new(label),
        fields: vec![
            line("Passkey", &credential_sha256.fingerprint()),
            line("May", may),
        ],
        said: None,
    }
}

fn subject(mail: &SendEmail) -> Shown {
    if mail.subject.as_str().trim().is_empty() {
        Shown::new("(no subject)")
    } else {
        Shown::new(mail.subject.as_str())
    }
}

fn address(role: AddressRole, recipient: &Recipient) -> Field {
    Field::Address {
        role,
        address: AddressView {
            local: recipient.address.local().to_owned(),
            domain: recipient.address.domain().to_owned(),
            name: recipient.name.as_ref().map(|n| Shown::new(n.as_str())),
        },
    }
}

fn email_fields(mail: &SendEmail) -> Vec<Field> {
    let mut fields = vec![address(AddressRole::From, &mail.from)];
    for (role, list) in [
        (AddressRole::To, &mail.to),
        (AddressRole::Cc, &mail.cc),
        (AddressRole::Bcc, &mail.bcc),
    ] {
        fields.extend(list.iter().map(|r| address(role, r)));
    }
    fields.push(Field::Line {
        label: "Subject".to_owned(),
        value: subject(mail),
    });
    fields.push(Field::Body {
        value: Shown::new(mail.text.as_str()),
    });
    fields.extend(mail.attachments.iter().map(|a| {
        Field::Attachment(AttachmentView {
            name: Shown::new(a.name.as_str()),
            media_type: a.media_type.as_str().to_owned(),
            size: a.size,
            sha256: a.sha256,
        })
    }));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_character_becomes_a_mark() {
        let shown = Shown::new("a\u{202E}b\u{200C}c\u{1b}");
        assert_eq!(shown.plain(), "a[U+202E]b[U+200C]c[U+001B]");
    }

    #[test]
    fn an_emoji_family_stays_whole() {
        assert_eq!(Shown::new("👩\u{200D}👧").0.len(), 1);
    }
}
