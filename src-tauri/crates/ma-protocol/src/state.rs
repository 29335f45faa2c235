//! Where a proposal stands, and what an agent does about it.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for the human.
    Pending,
    /// Approved; it leaves in a few seconds.
    Held,
    /// Being carried out.
    Executing,
    /// Done. Final.
    Executed,
    /// Surely not done. Final.
    Failed,
    /// It may or may not have happened. Only the human settles it.
    InDoubt,
    /// The human said no, with a reason. Final.
    Rejected,
    /// The agent took it back. Final.
    Withdrawn,
    /// A revision took its place. Final.
    Superseded,
    /// Nobody decided in time. Final.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Held,
        Self::Executing,
        Self::Executed,
        Self::Failed,
        Self::InDoubt,
        Self::Rejected,
        Self::Withdrawn,
        Self::Superseded,
        Self::Expired,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Executing => "executing",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }

    /// Waiting longer can still change it, without the human having to settle anything.
    pub const fn is_moving(self) -> bool {
        matches!(self, Self::Pending | Self::Held | Self::Executing)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the agent does next about proposal `id`.
pub fn next_step(state: State, id: &str) -> String {
    match state {
        State::Pending => {
            format!("Waiting for the human. Do not resend; wait with: ma queue wait {id}")
        }
        State::Held => format!(
            "Approved; it leaves within seconds. Do not resend; wait with: ma queue wait {id}"
        ),
        State::Executing => {
            format!("Being carried out now. Do not resend; wait with: ma queue wait {id}")
        }
        State::Executed => "Done. Nothing is left to do; do not send it again.".to_owned(),
        State::Failed => {
            format!("It did not happen. Read why, correct it, and propose again with revises {id}.")
        }
        State::InDoubt => {
            "It may or may not have happened. Do not resend; the human settles it.".to_owned()
        }
        State::Rejected => format!(
            "The human said no. Do not resend this; revise it by the reason given and propose again with revises {id}."
        ),
        State::Withdrawn => "You took it back. Nothing happened.".to_owned(),
        State::Superseded => {
            "A revision took its place. Nothing happened here; follow superseded_by.".to_owned()
        }
        State::Expired => {
            "Nobody decided in time. Nothing happened; ask the human before you propose it again."
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_written_as_its_name() {
        for state in State::ALL {
            assert_eq!(
                serde_json::to_value(state).unwrap(),
                serde_json::json!(state.name())
            );
        }
    }

    #[test]
    fn no_open_state_invites_to_send_again() {
        for state in State::ALL {
            if state.is_moving() || state == State::InDoubt {
                assert!(next_step(state, "p-1").contains("Do not resend"), "{state}");
            }
        }
    }
}
