//! Measures the app beside bare counterparts, in one run, so that the figures
//! are ratios and say something on any machine. `--json` prints JSON alone; the names
//! `proposals`, `decisions` and `tray` choose parts.

// A measuring program: what does not work has to stop it, loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss
)]

mod bare;
mod client;
mod decisions;
mod idle;
mod proposals;
mod report;

use ma_tests::house::{House, Plan};
use report::Report;
use std::num::NonZeroU32;

/// Clients at once.
const CLIENTS: usize = 64;

/// A house whose limits do not decide the figures.
async fn house() -> House {
    let many = NonZeroU32::MAX;
    let mut plan = Plan::default();
    plan.limits.open_per_agent = 1_000_000;
    plan.door.connections = 1024;
    plan.door.waits = 1024;
    plan.door.requests_per_second = many;
    plan.door.requests_burst = many;
    plan.door.guesses_per_minute = many;
    plan.door.pairings_per_minute = many;
    House::ready_with(plan).await
}

#[tokio::main]
async fn main() {
    let (flags, parts): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let json = flags.iter().any(|flag| flag == "--json");
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    let mut report = Report::default();
    if wanted("proposals") {
        let one = proposals::one_client(&mut report).await;
        proposals::many_clients(&mut report, one).await;
    }
    if wanted("decisions") {
        decisions::measure(&mut report).await;
    }
    if wanted("tray") {
        idle::measure(&mut report).await;
    }
    if json {
        println!("{:#}", report.json());
    } else {
        report.print();
    }
}
