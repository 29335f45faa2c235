//! Steps with a title and a time, of which the first failure is the last.

use std::time::{Duration, Instant};

use crate::Outcome;

/// What was done until now.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<(&'static str, Duration, bool)>,
}

impl Steps {
    /// Does one step.
    pub fn step(&mut self, title: &'static str, action: impl FnOnce() -> Outcome) -> Outcome {
        println!("\n==> {title}");
        let start = Instant::now();
        let outcome = action();
        let time = start.elapsed();
        println!("<== {title}: {:.1} s", time.as_secs_f64());
        self.done.push((title, time, outcome.is_ok()));
        outcome
    }

    /// One line for each step, and the sum.
    pub fn summary(&self) -> String {
        let line = |mark: &str, time: Duration, title: &str| {
            format!("  {mark:6} {:>7.1} s  {title}\n", time.as_secs_f64())
        };
        let mut text = String::from("\nSummary\n");
        for (title, time, passed) in &self.done {
            let mark = if *passed { "ok" } else { "FAILED" };
            text += &line(mark, *time, title);
        }
        let failed = self.done.iter().any(|(_, _, passed)| !passed);
        let end = if failed {
            "FAILED; the steps after it were not run."
        } else {
            "All passed."
        };
        text += &line("", self.done.iter().map(|(_, time, _)| *time).sum(), end);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_every_step_and_the_failed_one() {
        let mut steps = Steps::default();
        steps.step("First", || Ok(())).unwrap();
        assert!(steps.summary().contains("All passed."));
        steps
            .step("Second", || Err(String::from("no")))
            .unwrap_err();
        let summary = steps.summary();
        let lines: Vec<_> = summary
            .lines()
            .filter(|line| line.contains("ok  "))
            .collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("First"));
        assert!(summary.contains("FAILED     0.0 s  Second"), "{summary}");
        assert!(summary.contains("FAILED; the steps after it were not run."));
    }
}
