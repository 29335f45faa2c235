//! Debian's packages: what is missing, and how it comes in.

use std::io::{IsTerminal as _, stdin};
use std::path::Path;

use crate::Outcome;
use crate::program::{command, output, run};

/// To build the application.
pub const BUILD: [&str; 4] = [
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    // Loaded when the tray icon is made.
    "libayatana-appindicator3-1",
];

/// To start the application where there is no display.
pub const HEADLESS: [&str; 3] = ["xvfb", "xauth", "dbus"];

/// To test it: a desktop, a browser and a mail server.
pub const TEST: [&str; 15] = [
    "xvfb",
    "xauth",
    "dbus",
    "openbox",
    "gnome-keyring",
    "libsecret-tools",
    "webkit2gtk-driver",
    "imagemagick",
    "x11-utils",
    "fonts-dejavu-core",
    "chromium",
    "chromium-driver",
    "dovecot-imapd",
    "dovecot-submissiond",
    "dovecot-lmtpd",
];

/// To check it for Windows and macOS.
pub const CROSS: [&str; 7] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "gcc-mingw-w64-x86-64-posix",
    "g++-mingw-w64-x86-64-posix",
    "python3",
    "python3-pip",
];

/// Installs what is missing of `wanted`; where that is not possible, says which
/// line does it.
pub fn ensure(wanted: &[&'static str]) -> Outcome {
    if !Path::new("/usr/bin/dpkg-query").exists() {
        println!("Not a Debian system: these packages, or what they are called here, have to be");
        println!("installed: {}", wanted.join(" "));
        return Ok(());
    }
    let missing = missing(wanted, &states(wanted));
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing packages: {}", missing.join(" "));
    let Some(prefix) = privilege() else {
        return Err(format!(
            "They need an administrator. Run this once:\n\n  {}\n",
            line(&missing)
        ));
    };
    let mut update = prefix.clone();
    update.extend(["apt-get", "-o", LOCK, "update"]);
    let mut install = prefix;
    install.extend([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        LOCK,
    ]);
    install.extend(INSTALL);
    install.extend(&missing);
    for words in [update, install] {
        if let Some((program, arguments)) = words.split_first() {
            run(&mut command(program, arguments))
                .map_err(|error| format!("{error}\nBy hand:\n\n  {}\n", line(&missing)))?;
        }
    }
    Ok(())
}

const INSTALL: [&str; 3] = ["install", "--yes", "--no-install-recommends"];
/// Another run of apt is waited for.
const LOCK: &str = "DPkg::Lock::Timeout=300";

/// One line for each known package: its state and its name.
fn states(wanted: &[&str]) -> String {
    let mut query = command(
        "dpkg-query",
        &["-W", "-f", "${db:Status-Status} ${Package}\n"],
    );
    // It fails when one of the packages is unknown, and still lists the others.
    let output = query.args(wanted).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

fn missing<'a>(wanted: &[&'a str], states: &str) -> Vec<&'a str> {
    let there = |name: &str| {
        states
            .lines()
            .any(|line| line.split_once(' ') == Some(("installed", name)))
    };
    let mut missing: Vec<&str> = Vec::new();
    for name in wanted {
        if !there(name) && !missing.contains(name) {
            missing.push(name);
        }
    }
    missing
}

fn line(missing: &[&str]) -> String {
    format!("sudo apt-get {} {}", INSTALL.join(" "), missing.join(" "))
}

/// What has to stand before a command of the administrator.
fn privilege() -> Option<Vec<&'static str>> {
    if output(&mut command("id", &["-u"]))?.trim() == "0" {
        return Some(Vec::new());
    }
    if output(&mut command("sudo", &["-n", "true"])).is_some() {
        return Some(vec!["sudo", "-n"]);
    }
    let asks = stdin().is_terminal() && Path::new("/usr/bin/sudo").exists();
    asks.then(|| vec!["sudo"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_is_missing_once() {
        let states = "installed xvfb\nconfig-files xauth\ninstalled dbus-daemon\n";
        let missing = missing(&["xvfb", "xauth", "dbus", "xauth"], states);
        assert_eq!(missing, ["xauth", "dbus"]);
    }

    #[test]
    fn one_line_installs_what_is_missing() {
        let line = line(&["xauth", "dbus"]);
        assert_eq!(
            line,
            "sudo apt-get install --yes --no-install-recommends xauth dbus"
        );
    }
}
