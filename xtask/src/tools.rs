//! The cargo tools that the tests need.

use crate::Outcome;
use crate::program::{cargo, output, run};

const TOOLS: [(&str, &str); 2] = [("nextest", "0.9.143"), ("deny", "0.20.2")];

/// Installs the tools that are absent. One that is there is used as it is.
pub fn ensure() -> Outcome {
    for (name, version) in TOOLS {
        if output(&mut cargo(&[name, "--version"])).is_none() {
            // Built without optimisation: building them is what takes the time.
            let package = format!("cargo-{name}");
            run(&mut cargo(&[
                "install",
                "--locked",
                "--debug",
                &package,
                "--version",
                version,
            ]))?;
        }
    }
    Ok(())
}
