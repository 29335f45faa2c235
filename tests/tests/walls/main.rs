//! The walls: what is refused at the door, what no part can do, and what a changed byte shows.

// The code of a test: a broken expectation has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod anything;
mod contents;
mod destruction;
mod doors;
mod fields;
mod flips;
mod graph;
mod pages;
mod receipts;
mod refusals;
mod source;
mod times;
