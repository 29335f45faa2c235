//! Proposals: what an agent puts forward, and how it stands.

use crate::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An agent puts an action forward. The same content again, while it is open, is the same proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProposal<A = Action> {
    /// What is to be done.
    pub action: A,
    /// Why, for the human: up to 2,000 bytes.
    #[schema(max_length = 2000)]
    pub reason: String,
    /// The earlier proposal that this one revises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "p-0123456789abc")]
    pub revises: Option<String>,
    /// After so many seconds it ends by itself: one minute to 30 days. The app's setting if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub expires_in: Option<u64>,
}

/// What can be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Action {
    /// Sends a new mail.
    EmailSend(EmailSend),
}

/// Sends a new mail from a connected account. At most 100 recipients together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailSend {
    /// Always `email.send`.
    #[serde(rename = "type")]
    pub kind: EmailSendType,
    /// The account to send from; the default one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "practice")]
    pub account: Option<String>,
    /// To.
    #[serde(default)]
    pub to: Vec<Recipient>,
    /// Cc.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Recipient>,
    /// Bcc.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Recipient>,
    /// One line, up to 900 bytes.
    #[schema(max_length = 900)]
    pub subject: String,
    /// Plain text, lines end with `\n`, up to 1 MiB.
    pub text: String,
    /// Up to 20, and 16 MiB together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub attachments: Vec<Attachment>,
}

/// The type of [`EmailSend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum EmailSendType {
    /// `email.send`.
    #[default]
    #[serde(rename = "email.send")]
    EmailSend,
}

/// Where a mail goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// One plain address.
    #[schema(example = "mara@practice.test")]
    pub address: String,
    /// The name before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A file that goes with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its name, without a path.
    #[schema(example = "invoice.pdf")]
    pub name: String,
    /// Its media type, without parameters.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// Its bytes: base64 (RFC 4648 section 4) with padding.
    pub content: String,
}

/// The body of a withdrawal: `{}`, or nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {}

/// The agent's own proposals, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposals {
    /// Each of them.
    pub proposals: Vec<Proposal>,
}

/// A proposal and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposal {
    /// Its id.
    #[schema(example = "p-0123456789abc")]
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// What it would do.
    #[schema(example = "email.send")]
    pub verb: String,
    /// The account that it goes through.
    pub account: String,
    /// One line: to whom, what.
    pub summary: String,
    /// SHA-256 over what the human is shown and what will be executed, hex.
    pub digest: String,
    /// The digest's first 8 bytes, as the app shows them.
    #[schema(example = "9f2c 41d7 a0be 6e13")]
    pub fingerprint: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub proposed_at: String,
    /// When it ends by itself, RFC 3339.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it came to where it stands, RFC 3339.
    #[schema(format = DateTime)]
    pub changed_at: String,
    /// What it revises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<String>,
    /// What took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// What the human said, after a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// How it ended, after it was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the agent does next.
    pub next: String,
}

/// The human's no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejection {
    /// Why, in the human's words.
    pub reason: String,
}

/// How carrying it out ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Whether it happened.
    pub result: OutcomeResult,
    /// The other side's reference, e.g. the Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it was not done, e.g. `recipient_refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The other side's words.
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeResult {
    /// It did.
    Done,
    /// It surely did not.
    NotDone,
    /// Nobody knows.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_at_every_depth() {
        let good = serde_json::json!({
            "action": {"type": "email.send", "to": [{"address": "a@x.test"}], "subject": "s", "text": "t"},
            "reason": "r"
        });
        assert!(serde_json::from_value::<NewProposal<EmailSend>>(good.clone()).is_ok());
        for place in ["", "/action", "/action/to/0"] {
            let mut bad = good.clone();
            let target = bad.pointer_mut(place).unwrap();
            target["scope"] = serde_json::json!("admin");
            assert!(
                serde_json::from_value::<NewProposal<EmailSend>>(bad).is_err(),
                "{place}"
            );
        }
    }

    #[test]
    fn an_action_without_its_type_or_with_another_one_is_refused() {
        for action in [
            serde_json::json!({"to": [], "subject": "s", "text": "t"}),
            serde_json::json!({"type": "email.other", "to": [], "subject": "s", "text": "t"}),
        ] {
            assert!(serde_json::from_value::<EmailSend>(action).is_err());
        }
    }
}
