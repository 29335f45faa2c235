//! Nothing is approved but by the right passkey, on the right page, for exactly what was shown.

// The code of a test: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod answers;
mod browser;
mod held;
mod keys;
mod ledger;
mod links;
mod rollback;
mod scene;
mod sealed;
mod silence;
mod swaps;
mod waiting;
