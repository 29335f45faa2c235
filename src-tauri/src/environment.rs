//! What the app is told from outside. Read once, at the start.

use sha2::{Digest, Sha256};
use std::{ffi::OsString, fmt::Write, path::PathBuf};
use thiserror::Error;

const FOLDER: &str = "mechanical-advantage";

/// The app's surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Everything is kept in this folder.
    pub home: PathBuf,
    /// The folder was named by `MA_HOME`.
    pub own_home: bool,
    /// Port of the agents' door.
    pub agent_port: u16,
    /// Port of the approval page.
    pub page_port: u16,
    /// Start in the tray only.
    pub hidden: bool,
}

/// Why the surroundings make no sense.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// Neither `MA_HOME` nor a data folder of the user.
    #[error("there is no folder to keep anything in; set MA_HOME")]
    NoFolder,
    /// Not a port.
    #[error("{0} is not a port: it has to be a number from 1 to 65535")]
    NotAPort(&'static str),
    /// One port for two doors.
    #[error("MA_AGENT_PORT and MA_APPROVAL_PORT are the same; each door needs its own port")]
    SamePort,
}

impl Environment {
    /// Reads arguments and variables; `data` is the user's data folder.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        variable: impl Fn(&str) -> Option<OsString>,
        data: Option<PathBuf>,
    ) -> Result<Self, EnvironmentError> {
        let named = variable("MA_HOME").filter(|home| !home.is_empty());
        let own_home = named.is_some();
        let home = named
            .map(PathBuf::from)
            .or_else(|| data.map(|data| data.join(FOLDER)))
            .ok_or(EnvironmentError::NoFolder)?;
        let agent_port = port("MA_AGENT_PORT", variable("MA_AGENT_PORT"), 28001)?;
        let page_port = port("MA_APPROVAL_PORT", variable("MA_APPROVAL_PORT"), 28002)?;
        if agent_port == page_port {
            return Err(EnvironmentError::SamePort);
        }
        Ok(Self {
            home: std::path::absolute(&home).unwrap_or(home),
            own_home,
            agent_port,
            page_port,
            hidden: arguments.into_iter().any(|argument| argument == "--hidden"),
        })
    }

    /// The name under which a running app is found. Each folder has its own, so that apps with
    /// different folders run side by side.
    pub fn identifier(&self, base: &str) -> String {
        if !self.own_home {
            return base.to_owned();
        }
        let home = self
            .home
            .canonicalize()
            .unwrap_or_else(|_| self.home.clone());
        let mut name = format!("{base}.h");
        for byte in Sha256::digest(home.as_os_str().as_encoded_bytes())
            .iter()
            .take(8)
        {
            // Writing to a String does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

fn port(
    name: &'static str,
    value: Option<OsString>,
    default: u16,
) -> Result<u16, EnvironmentError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(default);
    };
    value
        .to_str()
        .and_then(|value| value.parse().ok())
        .filter(|port| *port != 0)
        .ok_or(EnvironmentError::NotAPort(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Environment, EnvironmentError> {
        Environment::read(
            arguments.iter().map(OsString::from),
            |name| {
                variables
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| v.into())
            },
            Some("/data".into()),
        )
    }

    #[test]
    fn without_variables_the_documented_defaults_hold() {
        let read = read(&["app"], &[]).unwrap();
        assert_eq!(read.home, PathBuf::from("/data/mechanical-advantage"));
        assert_eq!((read.agent_port, read.page_port), (28001, 28002));
        assert!(!read.hidden);
        assert_eq!(read.identifier("a.b"), "a.b");
    }

    #[test]
    fn a_named_folder_is_made_absolute_and_has_an_identifier_of_its_own() {
        let one = read(&[], &[("MA_HOME", "one")]).unwrap();
        let two = read(&[], &[("MA_HOME", "two")]).unwrap();
        assert!(one.home.is_absolute());
        assert_ne!(one.identifier("a.b"), two.identifier("a.b"));
        assert_eq!(one.identifier("a.b"), one.clone().identifier("a.b"));
        assert!(one.identifier("a.b").starts_with("a.b.h"));
    }

    #[test]
    fn hidden_is_asked_for_by_a_flag() {
        assert!(read(&["app", "--hidden"], &[]).unwrap().hidden);
    }

    #[test]
    fn what_is_not_a_port_is_named() {
        for bad in ["0", "70000", "x"] {
            assert_eq!(
                read(&[], &[("MA_AGENT_PORT", bad)]),
                Err(EnvironmentError::NotAPort("MA_AGENT_PORT"))
            );
        }
        assert_eq!(
            read(&[], &[("MA_AGENT_PORT", "9"), ("MA_APPROVAL_PORT", "9")]),
            Err(EnvironmentError::SamePort)
        );
    }
}
