//! The application as a person meets it: its window, its tray, its
//! notifications and the approval page in a browser, with the agents' command
//! line beside it. Everything here is the shipped programs.

#![cfg(target_os = "linux")]
// The code of a test: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

/// Its name is in that of every test: they run one at a time.
#[path = "."]
mod desktop {
    mod doubt;
    mod faults;
    mod hostile;
    mod keychain;
    mod person;
    mod reject;
    mod screenshots;
    mod seat;
    mod story;
}
