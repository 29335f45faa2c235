//! The straight line through the public doors: an agent proposes, a person
//! approves with a passkey, a mail leaves, a receipt proves it.

// The code of a test: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod contract;
mod story;
