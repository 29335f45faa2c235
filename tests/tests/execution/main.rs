//! What was approved is carried out once or not at all, whatever the mail
//! server, the disk and the power do.

// A test's code: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[cfg(unix)]
mod crash;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod dovecot;
#[cfg(unix)]
mod living;
mod message;
mod pushed;
mod smtp;
#[cfg(unix)]
mod storm;
