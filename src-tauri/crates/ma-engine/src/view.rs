//! What the window and the approval page are given to draw. They hold no truth of their own:
//! each change makes them ask again.

use ma_core::{Decision, Digest, Display, Millis, Shown, State};
use serde::{Deserialize, Serialize};

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

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettingsView {
    /// Connected accounts.
    pub accounts: Vec<AccountView>,
    /// Agents, revoked ones last.
    pub agents: Vec<AgentView>,
    /// Passkeys.
    pub passkeys: Vec<PasskeyView>,
    /// Where secrets are kept: `keychain`, or `file` (weaker).
    pub secrets: String,
    /// The app starts at login. `null` where the system cannot tell.
    pub autostart: Option<bool>,
    /// Days until a proposal expires.
    pub expiry_days: u32,
    /// Where the agents' door listens.
    pub agents_door: String,
    /// Where the approval page is.
    pub page_door: String,
    /// This installation.
    pub install_id: String,
    /// Entries in the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub log_size: u64,
    /// Root of the log, base64.
    pub log_root: String,
    /// Everything is kept in this folder.
    pub home: String,
}

/// A connected account.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// `practice` or `smtp`.
    pub kind: String,
    /// Its address.
    pub address: String,
    /// The name on outgoing mail.
    pub name: Option<String>,
    /// The server, for SMTP.
    pub server: Option<String>,
    /// Used when an agent names none.
    pub default: bool,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AgentView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was connected.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub paired: Millis,
    /// When its key was last used.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub last_used: Option<Millis>,
    /// When its key ends.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
    /// When it was revoked.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub revoked: Option<Millis>,
    /// How many of its proposals wait.
    pub open: u32,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PasskeyView {
    /// Credential id.
    pub id: String,
    /// What the person calls it.
    pub label: String,
    /// When it was enrolled.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub enrolled: Millis,
    /// When it last approved.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub last_used: Option<Millis>,
    /// It can be copied to other devices.
    pub synced: bool,
    /// It is the first: pinned in the keychain.
    pub first: bool,
    /// When it was revoked.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub revoked: Option<Millis>,
}

/// A mail account, as the person types it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AccountForm {
    /// Address.
    pub address: String,
    /// Name on outgoing mail; may be empty.
    pub name: String,
    /// SMTP host.
    pub host: String,
    /// SMTP port: 465 (TLS) or 587 (STARTTLS).
    pub port: u16,
    /// User name; the address if empty.
    pub user: String,
    /// App password. Goes to the keychain only.
    pub secret: String,
    /// The one certificate to trust, PEM, for a bridge that signs its own; may be empty.
    #[serde(default)]
    pub certificate: String,
}

/// A connection test, step by step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AccountTest {
    /// Each step in order; the first that fails ends it.
    pub steps: Vec<CheckView>,
    /// All went well.
    pub works: bool,
    /// What to do, if not.
    pub next: Option<String>,
}

/// The practice account's mailboxes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PracticeView {
    /// The account's own address.
    pub address: String,
    /// The people that it can write to, and what reached them.
    pub mailboxes: Vec<PracticeMailbox>,
}

/// One person of the practice account.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PracticeMailbox {
    /// Address.
    pub address: String,
    /// Name.
    pub name: String,
    /// Mails, newest first.
    pub mails: Vec<PracticeMail>,
}

/// A mail in a practice mailbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PracticeMail {
    /// Message-ID.
    pub message_id: String,
    /// Sender.
    pub from: String,
    /// Subject.
    pub subject: Shown,
    /// Text.
    pub text: Shown,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// When it arrived.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Millis,
}

/// What the approval page draws. It is inside the page when it is served, once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PageView {
    /// The two words that the window shows too.
    pub words: String,
    /// What is decided.
    pub decision: Decision,
    /// What is shown and signed. Absent only when the first passkey is made.
    pub display: Option<Display>,
    /// The fingerprint that the window shows too.
    pub fingerprint: Option<String>,
    /// What the browser is asked.
    pub ask: PageAsk,
    /// Goes back with the answer; good for one answer.
    pub secret: String,
    /// When it ends by itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
}

/// What the browser is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PageAsk {
    /// `navigator.credentials.create` with these options
    /// (`PublicKeyCredential.parseCreationOptionsFromJSON`).
    Create {
        /// `PublicKeyCredentialCreationOptionsJSON`.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        options: serde_json::Value,
    },
    /// `navigator.credentials.get` with these options.
    Get {
        /// `PublicKeyCredentialRequestOptionsJSON`.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        options: serde_json::Value,
    },
}

/// What the page sends to `/finish`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PageAnswer {
    /// [`PageView::secret`].
    pub secret: String,
    /// `PublicKeyCredential.toJSON()`.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub credential: serde_json::Value,
}

/// What the page is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum PageReply {
    /// Done: the tab can be closed.
    Done {
        /// E.g. "Leaves in 10 seconds. Undo is in the window."
        message: String,
    },
    /// One more gesture: an older passkey has to approve the new one.
    Next {
        /// What to draw now.
        page: Box<PageView>,
    },
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
