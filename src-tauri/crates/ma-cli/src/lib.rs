//! The agent's hand: the `ma` command.
//!
//! It speaks to the agents' door and to nothing else. Before it sends its key it lets the door
//! prove that it is the installation that the key is for.

mod args;
mod auth;
mod connections;
mod door;
mod email;
mod environment;
mod failure;
mod output;
mod queue;
mod store;

pub use environment::Environment;

use args::{Args, Command, Format};
use clap::Parser;
use failure::{Failure, exit};
use output::Output;
use std::{
    ffi::OsString,
    io::{Read, Write},
    process::ExitCode,
};

/// Runs `ma` with what this process was given.
pub fn main() -> ExitCode {
    let code = run(
        std::env::args_os(),
        &Environment::of_process(),
        &mut std::io::stdin().lock(),
        &mut std::io::stdout().lock(),
        &mut std::io::stderr().lock(),
    );
    ExitCode::from(code)
}

/// Runs `ma` and gives its exit code. The first of `args` is the program's name.
pub fn run(
    args: impl IntoIterator<Item = impl Into<OsString>>,
    environment: &Environment,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> u8 {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let wants_json = args.windows(2).any(|pair| pair == ["--format", "json"])
        || args.iter().any(|arg| arg == "--format=json");
    let args = match Args::try_parse_from(&args) {
        Ok(args) => args,
        Err(error) if !error.use_stderr() => {
            let _ = write!(stdout, "{}", error.render());
            return exit::DONE;
        }
        Err(error) => {
            let text = error.render().to_string();
            if wants_json {
                // Up to the first empty line: what is wrong, then how it is used.
                let said: Vec<&str> = text
                    .lines()
                    .map(str::trim)
                    .take_while(|l| !l.is_empty())
                    .collect();
                let said = said.join(" ");
                let failure = Failure::usage("usage", said.trim_start_matches("error: "));
                Output::new(Format::Json, false, stdout, stderr).failure(&failure);
            } else {
                let _ = stderr.write_all(text.as_bytes());
            }
            return exit::USAGE;
        }
    };
    let mut output = Output::new(args.format, args.quiet, stdout, stderr);
    let done = match args.command {
        Command::Auth(command) => auth::run(command, environment, &mut output),
        Command::Connections(command) => connections::run(&command, environment, &mut output),
        Command::Email(command) => email::run(command, environment, stdin, &mut output),
        Command::Queue(command) => queue::run(command, environment, &mut output),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}
