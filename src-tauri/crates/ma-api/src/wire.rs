//! Between the wire and the domain.

use crate::{body::parse, refusal::Refusal};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ma_core::{
    AccountId, AgentName, BadId, Digest, Draft, EmailAddress, EmailDraft, FileName, InboxError,
    Invalid, MailText, MediaType, Millis, PersonName, Reason, SubjectLine, Submission, Ticket,
    Upload,
};
use ma_protocol::{
    Attachment, EmailSend, MAX_EXPIRES_IN, MIN_EXPIRES_IN, NewPairing, NewProposal, OutcomeResult,
    Proposal, Recipient, Rejection, State, next_step,
};
use serde::Deserialize;
use std::time::Duration;
use time::{OffsetDateTime, macros::format_description};

/// Only the type: which form the rest has to have.
#[derive(Deserialize)]
struct Peek {
    action: PeekAction,
}

#[derive(Deserialize)]
struct PeekAction {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads a proposal. The type is looked at first, so that the second reading knows the form
/// and can say where exactly it is broken.
pub(crate) fn submission(body: &[u8]) -> Result<Submission, Refusal> {
    let peek: Peek = parse(body)?;
    if peek.action.kind != "email.send" {
        return Err(Refusal::bad(
            "unknown_action",
            "There is no action of this type. Nothing was stored.",
            "See the verbs of each account with: ma connections list.",
        )
        .field("action.type"));
    }
    let wanted: NewProposal<EmailSend> = parse(body)?;
    let draft = email(wanted.action).map_err(|e| e.within("action"))?;
    Ok(Submission {
        draft: Draft::EmailSend(draft),
        reason: Reason::parse(wanted.reason).map_err(|e| e.within("reason"))?,
        revises: wanted
            .revises
            .map(|id| id.parse().map_err(|e: BadId| bad_id(&e).within("revises")))
            .transpose()?,
        expires_in: wanted.expires_in.map(expires_in).transpose()?,
    })
}

/// The inbox names fields of the action without the word before them.
pub(crate) fn within_action(error: InboxError) -> Refusal {
    let InboxError::Invalid(invalid) = error else {
        return error.into();
    };
    let first = invalid.field.split(['.', '[']).next().unwrap_or_default();
    if matches!(first, "action" | "reason" | "revises" | "expires_in") {
        invalid.into()
    } else {
        invalid.within("action").into()
    }
}

pub(crate) fn pairing_request(wanted: NewPairing) -> Result<ma_core::PairingRequest, Invalid> {
    Ok(ma_core::PairingRequest {
        name: AgentName::parse(wanted.name).map_err(|e| e.within("name"))?,
        key_sha256: Digest::try_from(wanted.key_sha256).map_err(|message| Invalid {
            field: "key_sha256".to_owned(),
            code: "key_sha256",
            message,
            next: "Send the SHA-256 of the key, never the key.",
        })?,
    })
}

pub(crate) fn pairing(ticket: ma_core::PairingTicket, install_id: String) -> ma_protocol::Pairing {
    ma_protocol::Pairing {
        id: ticket.id.into(),
        code: ticket.code,
        state: match ticket.state {
            ma_core::PairingState::Waiting => ma_protocol::PairingState::Waiting,
            ma_core::PairingState::Paired => ma_protocol::PairingState::Paired,
            ma_core::PairingState::Refused => ma_protocol::PairingState::Refused,
            ma_core::PairingState::Expired => ma_protocol::PairingState::Expired,
        },
        expires_at: rfc3339(ticket.expires),
        install_id,
        agent: ticket.agent.map(String::from),
        key_expires_at: ticket.key_expires.map(rfc3339),
    }
}

pub(crate) fn connection(connection: ma_core::Connection) -> ma_protocol::Connection {
    ma_protocol::Connection {
        id: connection.id.into(),
        kind: connection.kind,
        address: connection.address,
        verbs: connection.verbs.into_iter().map(str::to_owned).collect(),
        default: connection.default,
    }
}

pub(crate) fn proposal(ticket: Ticket) -> Proposal {
    let state = state(ticket.state);
    let id: String = ticket.id.into();
    Proposal {
        next: next_step(state, &id),
        id,
        state,
        verb: ticket.verb,
        account: ticket.account.into(),
        summary: ticket.summary,
        fingerprint: ticket.digest.fingerprint(),
        digest: ticket.digest.hex(),
        proposed_at: rfc3339(ticket.proposed),
        expires_at: rfc3339(ticket.expires),
        changed_at: rfc3339(ticket.changed),
        revises: ticket.revises.map(String::from),
        superseded_by: ticket.superseded_by.map(String::from),
        rejection: ticket.rejection.map(|reason| Rejection { reason }),
        outcome: ticket.outcome.map(outcome),
    }
}

fn email(mail: EmailSend) -> Result<EmailDraft, Invalid> {
    Ok(EmailDraft {
        account: mail
            .account
            .map(|id| {
                id.parse::<AccountId>()
                    .map_err(|e| bad_id(&e).within("account"))
            })
            .transpose()?,
        to: recipients("to", mail.to)?,
        cc: recipients("cc", mail.cc)?,
        bcc: recipients("bcc", mail.bcc)?,
        subject: SubjectLine::parse(mail.subject).map_err(|e| e.within("subject"))?,
        text: MailText::parse(mail.text).map_err(|e| e.within("text"))?,
        attachments: each("attachments", mail.attachments, upload)?,
    })
}

fn recipients(field: &str, list: Vec<Recipient>) -> Result<Vec<ma_core::Recipient>, Invalid> {
    each(field, list, |recipient| {
        Ok(ma_core::Recipient {
            address: EmailAddress::parse(recipient.address).map_err(|e| e.within("address"))?,
            name: recipient
                .name
                .map(|name| PersonName::parse(name).map_err(|e| e.within("name")))
                .transpose()?,
        })
    })
}

fn each<T, U>(
    field: &str,
    list: Vec<T>,
    parse: impl Fn(T) -> Result<U, Invalid>,
) -> Result<Vec<U>, Invalid> {
    list.into_iter()
        .enumerate()
        .map(|(index, item)| parse(item).map_err(|e| e.within(&format!("{field}[{index}]"))))
        .collect()
}

fn upload(attachment: Attachment) -> Result<Upload, Invalid> {
    Ok(Upload {
        name: FileName::parse(attachment.name).map_err(|e| e.within("name"))?,
        media_type: MediaType::parse(attachment.media_type).map_err(|e| e.within("media_type"))?,
        bytes: STANDARD
            .decode(attachment.content)
            .map_err(|error| Invalid {
                field: "content".to_owned(),
                code: "base64",
                message: error.to_string(),
                next: "Write the bytes as standard base64 with padding and without line breaks.",
            })?,
    })
}

fn expires_in(seconds: u64) -> Result<Duration, Invalid> {
    if (MIN_EXPIRES_IN..=MAX_EXPIRES_IN).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(Invalid {
            field: "expires_in".to_owned(),
            code: "expires_in",
            message: format!("{seconds} seconds are not between one minute and 30 days"),
            next: "Give a number of seconds from 60 to 2592000, or leave it out.",
        })
    }
}

fn bad_id(bad: &BadId) -> Invalid {
    Invalid {
        field: String::new(),
        code: "bad_id",
        message: bad.to_string(),
        next: "Copy the id from an earlier answer.",
    }
}

fn state(state: ma_core::State) -> State {
    match state {
        ma_core::State::Pending => State::Pending,
        ma_core::State::Held => State::Held,
        ma_core::State::Executing => State::Executing,
        ma_core::State::Executed => State::Executed,
        ma_core::State::Failed => State::Failed,
        ma_core::State::InDoubt => State::InDoubt,
        ma_core::State::Rejected => State::Rejected,
        ma_core::State::Withdrawn => State::Withdrawn,
        ma_core::State::Superseded => State::Superseded,
        ma_core::State::Expired => State::Expired,
    }
}

fn outcome(outcome: ma_core::Outcome) -> ma_protocol::Outcome {
    match outcome {
        ma_core::Outcome::Done { reference, detail } => ma_protocol::Outcome {
            result: OutcomeResult::Done,
            reference: Some(reference),
            code: None,
            detail,
            next: None,
        },
        ma_core::Outcome::NotDone { code, detail, next } => ma_protocol::Outcome {
            result: OutcomeResult::NotDone,
            reference: None,
            code: Some(code),
            detail,
            next: Some(next),
        },
        ma_core::Outcome::Unknown { reference, detail } => ma_protocol::Outcome {
            result: OutcomeResult::Unknown,
            reference: Some(reference),
            code: None,
            detail,
            next: None,
        },
    }
}

/// RFC 3339, UTC, milliseconds.
fn rfc3339(at: Millis) -> String {
    let form =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&form).ok())
        .unwrap_or_default()
}
