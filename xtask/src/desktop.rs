//! The desktop that the application is started in.

use std::env;
use std::path::Path;
use std::process::Command;

/// Whether windows can be shown.
pub fn has_display() -> bool {
    !cfg!(target_os = "linux") || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(is_set)
}

/// The command that starts `binary`: without a display on one that nobody sees,
/// with a session bus of its own.
pub fn start(binary: &Path, display: bool) -> Command {
    if display {
        return Command::new(binary);
    }
    let mut command = Command::new("xvfb-run");
    command
        .args(["--auto-servernum", "dbus-run-session", "--"])
        .arg(binary);
    command
}

/// The addresses that the application answers at.
pub fn addresses() -> [(&'static str, String); 2] {
    let address = |name: &str, usual: &str| {
        let port = env::var(name).unwrap_or_else(|_| usual.to_owned());
        format!("http://localhost:{port}")
    };
    [
        ("Agents", address("MA_AGENT_PORT", "28001")),
        ("Approval", address("MA_APPROVAL_PORT", "28002")),
    ]
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_the_application_gets_one_and_a_bus() {
        let binary = Path::new("application");
        assert_eq!(start(binary, true).get_program(), "application");
        let command = start(binary, false);
        assert_eq!(command.get_program(), "xvfb-run");
        assert_eq!(command.get_args().last().unwrap(), "application");
    }
}
