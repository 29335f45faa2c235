//! Ways to reach the outside. Each takes a [`Started`] and has to say how it ended.

mod practice;
mod smtp;

pub(crate) use practice::{PERSONAS, Practice, YOU};
pub(crate) use smtp::{Smtp, SmtpAccount, StepError};

use crate::pipeline::Started;
use ma_core::Outcome;
use std::future::Future;

/// One way to reach the outside.
///
/// A connector is given a [`Started`], which only the pipeline can make:
///
/// ```compile_fail,E0308
/// // What was approved has not been started: it cannot be executed.
/// async fn execute(connector: &impl ma_engine::Connector, approved: ma_engine::Approved) {
///     connector.execute(&approved).await;
/// }
/// ```
pub trait Connector: Send + Sync {
    /// Does it, once. It never tries again by itself.
    fn execute(&self, started: &Started) -> impl Future<Output = Outcome> + Send;
}

pub(crate) fn not_done(code: &str, detail: impl Into<String>, next: &str) -> Outcome {
    Outcome::NotDone {
        code: code.to_owned(),
        detail: one_line(&detail.into()),
        next: next.to_owned(),
    }
}

/// A server's words, on one line, bounded, without what could drive a screen.
pub(crate) fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(400)
        .collect();
    line.truncate(line.trim_end().len());
    line
}
