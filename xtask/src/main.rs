//! Build tasks: `cargo xtask run`, `test`, `bench` and `cross`.

use std::process::ExitCode;

mod application;
mod cross;
mod desktop;
mod node;
mod packages;
mod program;
mod steps;
mod tools;
mod verification;

/// What a task ends with: nothing, or what went wrong and what to do about it.
type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "\
Usage: cargo xtask <task>

  run    builds the application and starts it
  test   builds and checks everything, with every test
  bench  measures the application
  cross  checks the workspace for Windows and macOS, on Debian";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let outcome = match task.as_str() {
        "run" => application::run(),
        "test" => verification::run(),
        "bench" => verification::bench(),
        "cross" => cross::run(),
        _ => Err(String::from(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
