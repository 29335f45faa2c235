//! From stored rows to what the window draws.

use crate::store::{ProposalRow, StoreError};
use crate::view::{Destination, OutcomeView, Row, Step};
use ma_core::{AddressRole, Display, Field, LogEntry, Outcome, Record, Shown};

/// The display as it was stored.
pub(crate) fn display(row: &ProposalRow) -> Result<Display, StoreError> {
    serde_json::from_slice(&row.display)
        .map_err(|_| StoreError::Changed(format!("proposal {} cannot be read", row.id)))
}

pub(crate) fn row(row: &ProposalRow, display: &Display) -> Row {
    let mut recipients = display.fields.iter().filter_map(|field| match field {
        Field::Address { role, address } if *role != AddressRole::From => Some(Destination {
            local: address.local.clone(),
            domain: address.domain.clone(),
        }),
        Field::Address { .. } | Field::Line { .. } | Field::Body { .. } | Field::Attachment(_) => {
            None
        }
    });
    let to = recipients.next();
    Row {
        id: row.id.to_string(),
        state: row.state,
        verb: row.verb.clone(),
        does: display.does.clone(),
        to,
        more: u32::try_from(recipients.count()).unwrap_or(u32::MAX),
        title: display.title.clone(),
        agent: display
            .said
            .as_ref()
            .map(|s| s.agent.clone())
            .unwrap_or_default(),
        proposed: row.proposed,
        expires: row.expires,
        changed: row.changed,
        leaves: row.leaves,
    }
}

/// A line for a proposal whose stored bytes cannot be read: it must not hide the others.
pub(crate) fn unreadable(proposal: &ProposalRow) -> Row {
    Row {
        id: proposal.id.to_string(),
        state: proposal.state,
        verb: proposal.verb.clone(),
        does: "Unreadable".to_owned(),
        to: None,
        more: 0,
        title: Shown::new("Changed outside the app"),
        agent: proposal.agent.to_string(),
        proposed: proposal.proposed,
        expires: proposal.expires,
        changed: proposal.changed,
        leaves: proposal.leaves,
    }
}

pub(crate) fn rows(proposals: &[ProposalRow]) -> Vec<Row> {
    proposals
        .iter()
        .map(|p| display(p).map_or_else(|_| unreadable(p), |d| row(p, &d)))
        .collect()
}

pub(crate) fn outcome(outcome: &Outcome) -> OutcomeView {
    match outcome {
        Outcome::Done { reference, detail } => OutcomeView {
            result: "done".to_owned(),
            reference: Some(reference.clone()),
            detail: detail.clone(),
            next: None,
        },
        Outcome::NotDone { detail, next, .. } => OutcomeView {
            result: "not_done".to_owned(),
            reference: None,
            detail: detail.clone(),
            next: Some(next.clone()),
        },
        Outcome::Unknown { reference, detail } => OutcomeView {
            result: "unknown".to_owned(),
            reference: Some(reference.clone()),
            detail: detail.clone(),
            next: None,
        },
    }
}

/// A log entry as a line of a proposal's story.
pub(crate) fn step(entry: &LogEntry, passkey: impl Fn(&str) -> Option<String>) -> Option<Step> {
    let (what, detail) = match &entry.record {
        Record::Proposed { .. } => ("Proposed".to_owned(), None),
        Record::Approved { approval, .. } => (
            "Approved".to_owned(),
            passkey(&approval.assertion.credential_id),
        ),
        Record::Rejected { reason, .. } => ("Rejected".to_owned(), Some(reason.clone())),
        Record::Withdrawn { .. } => ("Taken back by the agent".to_owned(), None),
        Record::Superseded { by, .. } => ("Revised".to_owned(), Some(by.to_string())),
        Record::Expired { .. } => ("Expired".to_owned(), None),
        Record::Undone { .. } => ("Undone, nothing left".to_owned(), None),
        Record::Started { .. } => ("Leaving".to_owned(), None),
        Record::Finished { outcome, .. } => match outcome {
            Outcome::Done { detail, .. } => ("Done".to_owned(), Some(detail.clone())),
            Outcome::NotDone { detail, .. } => ("Not done".to_owned(), Some(detail.clone())),
            Outcome::Unknown { detail, .. } => ("In doubt".to_owned(), Some(detail.clone())),
        },
        Record::Voided { reason, .. } => ("Stopped, nothing left".to_owned(), Some(reason.clone())),
        Record::Settled { happened, .. } => (
            if *happened {
                "You found out: it was sent"
            } else {
                "You found out: it was not sent"
            }
            .to_owned(),
            None,
        ),
        Record::Installed { .. }
        | Record::PasskeyEnrolled { .. }
        | Record::PasskeyRevoked { .. }
        | Record::AgentPaired { .. }
        | Record::AgentRevoked { .. }
        | Record::Paused { .. }
        | Record::AccountConnected { .. } => return None,
    };
    Some(Step {
        at: entry.at,
        what,
        detail,
    })
}
