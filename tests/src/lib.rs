//! Real servers, a real desktop and a real browser for the integration tests,
//! each of them thrown away with the test.

// The code of a test: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

pub mod authenticator;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod dovecot;
pub mod folder;
pub mod house;
#[cfg(unix)]
pub mod process;
pub mod sink;
pub mod wait;
#[cfg(target_os = "linux")]
pub mod webdriver;
