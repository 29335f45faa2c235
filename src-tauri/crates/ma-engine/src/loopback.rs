//! Binding a port on this computer only, in both address families or not at all.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use thiserror::Error;

/// Why a door cannot open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {port} is taken{}", .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken {
        /// The port.
        port: u16,
        /// The program, where the system tells.
        holder: Option<String>,
    },
    /// The system refuses.
    #[error("port {port} cannot be opened: {reason}")]
    Refused {
        /// The port.
        port: u16,
        /// The system's words.
        reason: String,
    },
}

/// Binds `127.0.0.1:port` and `[::1]:port`. With only one of them, another program could take
/// the other and be loaded under the same name. A family that this computer does not have at
/// all cannot be taken by anybody and is left out.
pub fn bind(port: u16) -> Result<Vec<TcpListener>, BindError> {
    let v4 = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), port)?;
    // Port 0 asks for any free one: the second family has to follow the first.
    let port = match &v4 {
        Some(listener) => listener.local_addr().map_or(port, |a| a.port()),
        None => port,
    };
    let v6 = listen(SocketAddr::from((Ipv6Addr::LOCALHOST, port)), port)?;
    let listeners: Vec<TcpListener> = v4.into_iter().chain(v6).collect();
    if listeners.is_empty() {
        return Err(BindError::Refused {
            port,
            reason: "this computer has no loopback address".to_owned(),
        });
    }
    Ok(listeners)
}

fn listen(address: SocketAddr, port: u16) -> Result<Option<TcpListener>, BindError> {
    match TcpListener::bind(address) {
        Ok(listener) => {
            listener
                .set_nonblocking(true)
                .map_err(|e| BindError::Refused {
                    port,
                    reason: e.to_string(),
                })?;
            Ok(Some(listener))
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(BindError::Taken {
            port,
            holder: holder(port),
        }),
        Err(error)
            if error.kind() == ErrorKind::AddrNotAvailable
                || error.kind() == ErrorKind::Unsupported =>
        {
            Ok(None)
        }
        Err(error) => Err(BindError::Refused {
            port,
            reason: error.to_string(),
        }),
    }
}

/// The program that listens on a port, as far as this user may see.
#[cfg(target_os = "linux")]
fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let wanted = format!("socket:[{inode}]");
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|process| {
            let pid: u32 = process.file_name().to_str()?.parse().ok()?;
            let holds = std::fs::read_dir(process.path().join("fd"))
                .ok()?
                .flatten()
                .any(|fd| {
                    std::fs::read_link(fd.path()).is_ok_and(|l| l.as_os_str() == wanted.as_str())
                });
            let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
            holds.then(|| format!("{} (process {pid})", name.trim()))
        })
}

#[cfg(not(target_os = "linux"))]
fn holder(_port: u16) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let local = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (address, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
        (address.ends_with(&local) && *state == LISTEN).then(|| (*inode).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_share_one_port_and_are_loopback() {
        let listeners = bind(0).unwrap();
        let ports: Vec<u16> = listeners
            .iter()
            .map(|l| l.local_addr().unwrap().port())
            .collect();
        assert!(ports.windows(2).all(|p| p[0] == p[1]));
        assert!(
            listeners
                .iter()
                .all(|l| l.local_addr().unwrap().ip().is_loopback())
        );
    }

    #[test]
    fn a_port_whose_second_family_is_taken_is_not_served_at_all() {
        let other = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let error = bind(port).unwrap_err();
        assert!(matches!(error, BindError::Taken { .. }), "{error}");
        assert!(
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok(),
            "the first family was kept"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_program_that_holds_the_port_is_named() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let error = bind(other.local_addr().unwrap().port()).unwrap_err();
        assert!(
            error.to_string().contains(&std::process::id().to_string()),
            "{error}"
        );
    }
}
