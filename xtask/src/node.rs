//! The user interface's own tools.

use std::fs;

use crate::Outcome;
use crate::program::{command, output, root, run};

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
const OLDEST: (u32, u32) = (20, 19);

/// Checks that Node and npm are there; says how to get them if not.
pub fn ensure() -> Outcome {
    let (major, minor) = OLDEST;
    let wanted = format!("Node {major}.{minor} or newer, with npm, is needed");
    let found = output(&mut command("node", &["--version"]));
    match found.as_deref().map(str::trim) {
        Some(version) if !suits(version) => {
            Err(format!("{wanted}; here it is {version}. {}", advice()))
        }
        Some(_) if output(&mut command(NPM, &["--version"])).is_some() => Ok(()),
        Some(_) | None => Err(format!("{wanted}. {}", advice())),
    }
}

/// Installs the packages that the lock file names, unless exactly these are
/// installed.
pub fn install() -> Outcome {
    let lock = root().join("src-ui/package-lock.json");
    let modules = root().join("src-ui/node_modules");
    let installed = modules.join(".installed-package-lock.json");
    let wanted = fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    if fs::read(&installed).is_ok_and(|content| content == wanted) {
        println!("The packages of the lock file are installed.");
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))
}

/// Runs a script of the user interface.
pub fn script(name: &str) -> Outcome {
    npm(&["run", name])
}

fn npm(arguments: &[&str]) -> Outcome {
    run(command(NPM, arguments).current_dir(root().join("src-ui")))
}

fn suits(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

fn advice() -> &'static str {
    if cfg!(target_os = "macos") {
        "Install it from the Node.js site, or with `brew install node`."
    } else if cfg!(windows) {
        "Install it from the Node.js site, or with `winget install OpenJS.NodeJS.LTS`."
    } else {
        "Debian 13 has it: `sudo apt-get install nodejs npm`. Debian 12 has an older one: \
         take it from the Node.js site, or from a version manager such as nvm or fnm."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_does_not_suit() {
        assert!(suits("v20.19.0") && suits("v24.1.2") && suits("22.0.0"));
        assert!(!suits("v20.18.3") && !suits("v18.20.4") && !suits("") && !suits("node"));
    }
}
