//! The settings: accounts, agents, passkeys, and the practice account's mailboxes.

use super::CheckView;
use ma_core::{Millis, Shown};
use serde::{Deserialize, Serialize};

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
