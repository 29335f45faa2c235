//! The life of a proposal, as one pure function over a closed table.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for the person.
    Pending,
    /// Approved; leaves when the hold is over.
    Held,
    /// Being carried out: written down before acting.
    Executing,
    /// Done.
    Executed,
    /// The other side surely did nothing.
    Failed,
    /// It may or may not have happened. Only the person settles it.
    InDoubt,
    /// The person said no.
    Rejected,
    /// The agent took it back.
    Withdrawn,
    /// A revision took its place.
    Superseded,
    /// Nobody decided in time.
    Expired,
}

/// What can happen to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The person confirmed with a passkey.
    Approve,
    /// The person said no, with a reason.
    Reject,
    /// The agent takes it back.
    Withdraw,
    /// A revision takes its place.
    Revise,
    /// Its time is over.
    Expire,
    /// The person takes the approval back during the hold.
    Undo,
    /// The hold is over: execution begins.
    Start,
    /// The other side took it.
    Succeed,
    /// The other side surely did nothing.
    Fail,
    /// Nobody knows whether it happened.
    LoseTrack,
    /// The person found out: it happened.
    SettleDone,
    /// The person found out: it did not happen.
    SettleNotDone,
    /// An approval that no longer verifies: nothing runs.
    Void,
}

/// An event that a state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{event:?} is not possible while {state:?}")]
pub struct Refused {
    /// Where it stands.
    pub state: State,
    /// What was asked.
    pub event: Event,
}

impl State {
    /// Every state, in the order of the design.
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

    /// The name in storage and on the wire.
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

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Nothing more can happen.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Executed
            | Self::Failed
            | Self::Rejected
            | Self::Withdrawn
            | Self::Superseded
            | Self::Expired => true,
            Self::Pending | Self::Held | Self::Executing | Self::InDoubt => false,
        }
    }
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 13] = [
        Self::Approve,
        Self::Reject,
        Self::Withdraw,
        Self::Revise,
        Self::Expire,
        Self::Undo,
        Self::Start,
        Self::Succeed,
        Self::Fail,
        Self::LoseTrack,
        Self::SettleDone,
        Self::SettleNotDone,
        Self::Void,
    ];
}

/// The whole lifecycle: where an event leads, or that it is refused.
pub fn apply(state: State, event: Event) -> Result<State, Refused> {
    let next = match (state, event) {
        (State::Pending, Event::Approve) => State::Held,
        (State::Pending, Event::Reject) => State::Rejected,
        (State::Pending, Event::Withdraw) => State::Withdrawn,
        (State::Pending, Event::Revise) => State::Superseded,
        (State::Pending, Event::Expire) => State::Expired,
        (State::Held, Event::Undo) => State::Pending,
        (State::Held, Event::Start) => State::Executing,
        (State::Executing, Event::Succeed) | (State::InDoubt, Event::SettleDone) => State::Executed,
        (State::Held, Event::Void)
        | (State::Executing, Event::Fail)
        | (State::InDoubt, Event::SettleNotDone) => State::Failed,
        (State::Executing, Event::LoseTrack) => State::InDoubt,
        (
            State::Pending
            | State::Held
            | State::Executing
            | State::Executed
            | State::Failed
            | State::InDoubt
            | State::Rejected
            | State::Withdrawn
            | State::Superseded
            | State::Expired,
            _,
        ) => return Err(Refused { state, event }),
    };
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    #[test]
    fn the_whole_table_is_as_reviewed() {
        let mut table = String::new();
        for state in State::ALL {
            for event in Event::ALL {
                if let Ok(next) = apply(state, event) {
                    writeln!(
                        table,
                        "{:10} + {:14} -> {}",
                        state.name(),
                        format!("{event:?}"),
                        next.name()
                    )
                    .unwrap();
                }
            }
            if state.is_final() {
                writeln!(table, "{:10} is final", state.name()).unwrap();
            }
        }
        insta::assert_snapshot!("lifecycle", table);
    }

    #[test]
    fn a_final_state_allows_nothing() {
        for state in State::ALL.into_iter().filter(|s| s.is_final()) {
            for event in Event::ALL {
                assert!(apply(state, event).is_err(), "{state:?} {event:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_executed_without_an_approval_and_a_start_right_before(
            events in proptest::collection::vec(0..Event::ALL.len(), 0..60)
        ) {
            let mut state = State::Pending;
            let mut approved = false;
            let mut started = 0;
            for event in events.into_iter().map(|i| Event::ALL[i]) {
                if let Ok(next) = apply(state, event) {
                    approved = (approved || event == Event::Approve) && event != Event::Undo;
                    started += u8::from(event == Event::Start);
                    state = next;
                }
                if matches!(state, State::Executing | State::Executed | State::InDoubt) {
                    prop_assert!(approved);
                    prop_assert_eq!(started, 1);
                }
            }
        }
    }
}
