//! Notifications: what to say is decided in [`bundle`], how to show it per system.

pub mod bundle;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::run;
#[cfg(target_os = "linux")]
pub use linux::run;

use crate::window::Place;

/// What the one thing is that a notification stands for: a newer one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// An agent's proposals.
    Agent(String),
    /// A request to connect.
    Pairing(String),
    /// What became of a proposal.
    Outcome(String),
    /// An alarm of this code.
    Alarm(String),
}

/// A notification. It can be read or left for later, never approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it stands for.
    pub key: Key,
    /// Plain text.
    pub title: String,
    /// Plain text of a few lines.
    pub body: String,
    /// Where a click leads.
    pub place: Place,
    /// Something is wrong.
    pub urgent: bool,
}

/// What the system is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Show it.
    Show(Toast),
    /// Nothing is left to read.
    Withdraw(Key),
}

/// What the system reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The person wants to read.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "a click is told on Linux only")
    )]
    Read(Place),
    /// Nobody shows notifications.
    NoService,
}

/// Plain text, in the form that this system's notifications draw as it is.
pub fn plain_body(text: &str) -> String {
    if cfg!(target_os = "linux") {
        escaped(text)
    } else {
        text.to_owned()
    }
}

/// Bodies are markup for most daemons.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escaped("<a href=\"x\">&lt;"),
            "&lt;a href=\"x\"&gt;&amp;lt;"
        );
    }
}
