//! What the window and the approval page are given to draw. They hold no truth of their own:
//! each change makes them ask again.

mod page;
mod settings;

pub use page::{PageAnswer, PageAsk, PageReply, PageView};
pub use settings::{
    AccountForm, AccountTest, AccountView, AgentView, PasskeyView, PracticeMail, PracticeMailbox,
    PracticeView, SettingsView,
};

use ma_core::{Decision, Digest, Display, Millis, Shown, State};
use serde::Serialize;

/// Everything that the window's frame needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Snapshot {
    /// The app's version.
    pub version: String,
    /// Passkeys that may approve. With none, the window shows the welcome.
    pub passkeys: u32,
    /// Connected agents.
    pub agents: u32,
    /// Something has been approved and executed before.
    pub practised: bool,
    /// All agents are paused.
    pub paused: bool,
    /// What waits, is held, runs, or is in doubt; newest first.
    pub queue: Vec<Row>,
    /// Agents that ask to connect.
    pub pairings: Vec<PairingRow>,
    /// What the person has to know.
    pub notices: Vec<Notice>,
    /// The gesture that is awaited in the browser.
    pub ceremony: Option<CeremonyView>,
    /// The app's clock, milliseconds since 1970: rings and ages are counted from it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub now: Millis,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Row {
    /// The proposal.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// The verb: `email.send`.
    pub verb: String,
    /// The verb in words: "Send".
    pub does: String,
    /// Where it goes first.
    pub to: Option<Destination>,
    /// How many further recipients.
    pub more: u32,
    /// Its head, e.g. the subject.
    pub title: Shown,
    /// The agent's name.
    pub agent: String,
    /// When it was proposed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub proposed: Millis,
    /// When it ends by itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
    /// When it came to where it stands.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub changed: Millis,
    /// While held: when it leaves.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub leaves: Option<Millis>,
}

/// An address in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Destination {
    /// Before the `@`.
    pub local: String,
    /// After the `@`.
    pub domain: String,
}

/// One proposal in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Item {
    /// Its line.
    pub row: Row,
    /// What is shown, signed and executed.
    pub display: Display,
    /// SHA-256 over action and display.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub digest: Digest,
    /// The first 8 bytes of it, in four groups.
    pub fingerprint: String,
    /// How long the hold lasts, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub hold: Millis,
    /// What it revises.
    pub revises: Option<String>,
    /// What took its place.
    pub superseded_by: Option<String>,
    /// The person's reason, after a rejection.
    pub rejection: Option<String>,
    /// How it ended, after an execution.
    pub outcome: Option<OutcomeView>,
    /// What was approved when, e.g. with which passkey; oldest first.
    pub story: Vec<Step>,
    /// The stored bytes no longer match the log. Nothing can be approved.
    pub broken: Option<String>,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutcomeView {
    /// `done`, `not_done` or `unknown`.
    pub result: String,
    /// E.g. the Message-ID.
    pub reference: Option<String>,
    /// The other side's words, or what happened.
    pub detail: String,
    /// What to do, after a failure.
    pub next: Option<String>,
}

/// A line of an item's story.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Step {
    /// When.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Millis,
    /// What, in a few words.
    pub what: String,
    /// More of it.
    pub detail: Option<String>,
}

/// An agent that asks to connect.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PairingRow {
    /// The request.
    pub id: String,
    /// What the agent calls itself.
    pub name: String,
    /// The code that its terminal shows too.
    pub code: String,
    /// When it ends by itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Loudness {
    /// Good to know.
    Note,
    /// Look at it.
    Look,
    /// Something is wrong; approvals may be closed.
    Stop,
}

/// Something that the person has to know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Notice {
    /// Stable: `no_keychain`, `link_opened_twice`, `log_broken`, ...
    pub code: String,
    /// How loud.
    pub loudness: Loudness,
    /// A few words.
    pub title: String,
    /// What happened, what did not, what to do next.
    pub text: String,
    /// The person can put it away.
    pub dismissable: bool,
    /// When.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Millis,
}

/// A gesture that is awaited.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CeremonyView {
    /// A proposal's, pairing's or credential's id; `first-passkey` for the first.
    pub subject: String,
    /// What is decided.
    pub decision: Decision,
    /// The two words that window and page both show.
    pub words: String,
    /// The page was opened.
    pub opened: bool,
    /// When it ends by itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
}

/// A page of the history, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HistoryPage {
    /// In doubt: the person has to settle these.
    pub to_settle: Vec<Row>,
    /// The rest.
    pub rows: Vec<Row>,
    /// Ask again with this, if there is more.
    pub older: Option<String>,
}

/// A receipt with its checks, as made just now.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ReceiptView {
    /// The proposal.
    pub id: String,
    /// When it was approved.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub approved: Millis,
    /// The passkey's label.
    pub passkey: String,
    /// It can be copied to other devices.
    pub synced: bool,
    /// How it was reached, e.g. "Approval page, `http://localhost:28002`".
    pub route: String,
    /// The entry's number in the log, from 1.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub entry: u64,
    /// The size of the checkpoint that proves it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub checkpoint: u64,
    /// Root of that checkpoint, base64.
    pub root: String,
    /// All checks, the failed first.
    pub checks: Vec<CheckView>,
    /// All hold.
    pub valid: bool,
}

/// One check by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckView {
    /// E.g. "Shown is what was signed".
    pub name: String,
    /// It holds.
    pub holds: bool,
    /// What was compared, or what does not match.
    pub detail: String,
}

/// Why a command or an answer was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Refusal {
    /// Stable.
    pub code: String,
    /// What happened, and what did not.
    pub message: String,
    /// What to do next.
    pub next: String,
}
