//! What the tray has to tell, and nothing else.

use ma_core::{Millis, Shown, Span, State};
use ma_engine::view::{Loudness, Notice, Row, Snapshot};

/// The state of things in a few lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// The app's clock.
    pub now: Millis,
    /// All agents are paused.
    pub paused: bool,
    /// What waits for the person, newest first.
    pub waiting: Vec<Waiting>,
    /// What may or may not have left.
    pub doubts: Vec<Waiting>,
    /// Agents that ask to connect.
    pub pairings: Vec<Asking>,
    /// Titles of what is wrong.
    pub alarms: Vec<String>,
}

/// A proposal in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The proposal.
    pub id: String,
    /// The verb in words.
    pub does: String,
    /// The first address.
    pub to: Option<String>,
    /// How many further ones.
    pub more: u32,
    /// Its head.
    pub title: String,
    /// When it was proposed.
    pub proposed: Millis,
}

/// An agent that asks to connect.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// The request.
    pub id: String,
    /// What the agent calls itself.
    pub name: String,
    /// The code that its terminal shows too.
    pub code: String,
}

impl Summary {
    /// Out of what the window is given.
    pub fn of(snapshot: &Snapshot) -> Self {
        let rows = |state| {
            snapshot
                .queue
                .iter()
                .filter(move |row| row.state == state)
                .map(Waiting::of)
                .collect()
        };
        Self {
            now: snapshot.now,
            paused: snapshot.paused,
            waiting: rows(State::Pending),
            doubts: rows(State::InDoubt),
            pairings: snapshot
                .pairings
                .iter()
                .map(|row| Asking {
                    id: row.id.clone(),
                    name: row.name.clone(),
                    code: row.code.clone(),
                })
                .collect(),
            alarms: snapshot
                .notices
                .iter()
                .filter(|n| is_alarm(n))
                .map(|n| n.title.clone())
                .collect(),
        }
    }

    /// What the person has to decide.
    pub fn count(&self) -> usize {
        self.waiting.len() + self.pairings.len()
    }
}

impl Waiting {
    fn of(row: &Row) -> Self {
        Self {
            id: row.id.clone(),
            does: row.does.clone(),
            to: row
                .to
                .as_ref()
                .map(|to| format!("{}@{}", to.local, to.domain)),
            more: row.more,
            title: plain(&row.title),
            proposed: row.proposed,
        }
    }
}

fn is_alarm(notice: &Notice) -> bool {
    match notice.loudness {
        Loudness::Stop => true,
        Loudness::Look | Loudness::Note => false,
    }
}

fn plain(shown: &Shown) -> String {
    shown
        .0
        .iter()
        .map(|span| match span {
            Span::Text { text } => text.clone(),
            Span::Hidden { code } => format!("[{code}]"),
        })
        .collect()
}
