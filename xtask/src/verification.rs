//! `cargo xtask test` and `bench`.

use std::process::Command;

use crate::application::FEATURES;
use crate::program::{cargo, run as execute, target};
use crate::steps::Steps;
use crate::{Outcome, node, packages, tools};

/// Every check and every test, stopping at the first that fails.
pub fn run() -> Outcome {
    let mut steps = Steps::default();
    let outcome = verify(&mut steps);
    println!("{}", steps.summary());
    outcome
}

/// Measures the application, as it is shipped.
pub fn bench() -> Outcome {
    if cfg!(target_os = "linux") {
        packages::ensure(&[&packages::BUILD[..], &packages::TEST].concat())?;
    }
    node::ensure()?;
    node::install()?;
    node::script("build")?;
    // All at once: the same features for the application and the program that measures it.
    execute(&mut workspace(&["build", "--release", "--bins"], &[]))?;
    let bench = target()
        .join("release")
        .join(format!("bench{}", std::env::consts::EXE_SUFFIX));
    execute(Command::new(bench).args(std::env::args().skip(2)))
}

fn verify(steps: &mut Steps) -> Outcome {
    steps.step("Packages", || {
        if cfg!(target_os = "linux") {
            packages::ensure(&[&packages::BUILD[..], &packages::TEST].concat())?;
        }
        node::ensure()
    })?;
    steps.step("Cargo tools", tools::ensure)?;
    steps.step("Packages of the user interface", node::install)?;
    steps.step("User interface: build", || node::script("build"))?;
    steps.step("User interface: check", || node::script("check"))?;
    steps.step("User interface: unit tests", || node::script("test"))?;
    steps.step("Format", || {
        execute(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    // The tests are built together with the programs that they start: chosen
    // apart, they would ask for other features and build everything twice.
    steps.step("Build", || {
        execute(&mut workspace(&["build", "--bins", "--tests"], &[]))
    })?;
    steps.step("Clippy", || {
        execute(&mut workspace(
            &["clippy", "--all-targets"],
            &["--", "-D", "warnings"],
        ))
    })?;
    steps.step("Tests", || {
        execute(&mut workspace(&["nextest", "run", "--no-fail-fast"], &[]))
    })?;
    steps.step("Documentation tests", || {
        execute(&mut workspace(&["test", "--doc"], &[]))
    })?;
    steps.step("Licences, bans and sources", || {
        println!("Advisories are not checked: their database has to be fetched.");
        execute(&mut cargo(&[
            "deny", "check", "licenses", "bans", "sources",
        ]))
    })
}

fn workspace(task: &[&str], last: &[&str]) -> Command {
    let mut command = cargo(task);
    command.arg("--workspace").args(FEATURES).args(last);
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}
