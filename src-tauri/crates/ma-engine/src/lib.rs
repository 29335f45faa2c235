//! The trusted side of Mechanical Advantage: the store, the passkeys, the connectors, the
//! pipeline between them, and recovery. It knows neither a window nor an HTTP server.

mod accounts;
mod asking;
mod ceremony;
mod chance;
mod config;
mod connector;
mod desk;
mod engine;
mod enrolment;
mod home;
mod inbox;
pub mod loopback;
mod mime;
mod notices;
mod opening;
mod pairing;
mod pipeline;
mod proposing;
mod receipts;
mod rows;
mod schedule;
mod settings;
mod store;
mod trust;
pub mod vault;
pub mod view;

pub use config::{Browser, Clock, Config, Limits, SystemClock};
pub use connector::Connector;
pub use engine::{Change, Engine};
pub use opening::OpenError;
pub use pipeline::{Approval, Approved, Ended, Mismatch, Started};
pub use store::StoreError;
