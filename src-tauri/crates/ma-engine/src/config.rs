//! What the composition root decides: places, ports, limits, and the outside that is an argument.

use ma_core::Millis;
use std::{path::PathBuf, time::Duration};

/// Where and how the engine runs. Nothing in it can skip a gesture.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything is written below this folder.
    pub home: PathBuf,
    /// The agents' door.
    pub agent_port: u16,
    /// The approval page.
    pub page_port: u16,
    /// The app's version.
    pub version: String,
    /// How long an approved action waits for an undo before it leaves.
    pub hold: Duration,
    /// Limits.
    pub limits: Limits,
}

impl Config {
    /// The usual settings for a folder and two ports.
    pub fn new(home: PathBuf, agent_port: u16, page_port: u16) -> Self {
        Self {
            home,
            agent_port,
            page_port,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hold: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }

    /// The exact origin of the approval page.
    pub fn page_origin(&self) -> String {
        format!("http://{}:{}", ma_receipt::RP_ID, self.page_port)
    }
}

/// Limits of the engine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open proposals of one agent.
    pub open_per_agent: usize,
    /// Requests to connect that wait at once.
    pub pairings: usize,
    /// How long a gesture may take.
    pub ceremony: Duration,
    /// How long a request to connect waits.
    pub pairing: Duration,
    /// How long an agent's key is valid.
    pub key: Duration,
    /// The wait for a server's answer before the body.
    pub smtp_step: Duration,
    /// The wait for a server's answer after the final dot (RFC 5321 4.5.3.2.6).
    pub smtp_final: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_per_agent: 50,
            pairings: 3,
            ceremony: Duration::from_secs(180),
            pairing: Duration::from_secs(600),
            key: Duration::from_secs(90 * 24 * 3600),
            smtp_step: Duration::from_secs(60),
            smtp_final: Duration::from_secs(600),
        }
    }
}

/// The time. The engine reads no other.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> Millis;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one clock that arrives as an argument"
    )]
    fn now(&self) -> Millis {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|d| Millis::try_from(d.as_millis()).ok())
            .unwrap_or(0)
    }
}

/// The person's browser.
pub trait Browser: Send + Sync + 'static {
    /// Opens an address of the approval page.
    fn open(&self, url: &str) -> Result<(), String>;
}

pub(crate) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
