use super::{Secret, Vault, VaultClass, VaultError};
use keyring::{Entry, Error};
use std::path::Path;
use zeroize::Zeroizing;

const SERVICE: &str = "mechanical-advantage";

/// The operating system's keychain: Keychain Services, Credential Manager or Secret Service.
#[derive(Debug)]
pub struct Keychain {
    /// Keeps installations in other folders apart.
    scope: String,
}

impl Keychain {
    /// The keychain, if the system has one that answers (locked or not).
    pub fn connect(home: &Path) -> Option<Self> {
        if Entry::store_status().is_err() {
            return None;
        }
        let scope = ma_core::Digest::of(home.as_os_str().as_encoded_bytes());
        let keychain = Self {
            scope: scope.hex().chars().take(16).collect(),
        };
        match keychain.read("probe") {
            Ok(_) | Err(VaultError::Locked) => Some(keychain),
            Err(VaultError::Broken(reason)) => {
                tracing::warn!(reason, "the keychain does not answer");
                None
            }
        }
    }

    fn entry(&self, name: &str) -> Result<Entry, VaultError> {
        Entry::new(SERVICE, &format!("{}/{name}", self.scope)).map_err(|e| error(&e))
    }
}

fn error(error: &Error) -> VaultError {
    if let Error::NoStorageAccess(_) = error {
        VaultError::Locked
    } else {
        VaultError::Broken(error.to_string())
    }
}

impl Vault for Keychain {
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(other) => Err(error(&other)),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        self.entry(name)?.set_secret(secret).map_err(|e| error(&e))
    }

    fn class(&self) -> VaultClass {
        VaultClass::Keychain
    }
}
