use super::{Secret, Vault, VaultClass, VaultError};
use crate::home;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A folder of files that only this user can read, where no keychain answers.
#[derive(Debug)]
pub struct FileVault {
    folder: PathBuf,
}

impl FileVault {
    /// The vault in that home.
    pub fn new(home: &Path) -> Self {
        Self {
            folder: home.join("secrets"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let safe: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        self.folder.join(safe)
    }
}

impl Vault for FileVault {
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match std::fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(VaultError::Broken(e.to_string())),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        home::private_folder(&self.folder)
            .and_then(|()| home::replace_private_file(&self.path(name), secret))
            .map_err(|e| VaultError::Broken(e.to_string()))
    }

    fn class(&self) -> VaultClass {
        VaultClass::File
    }
}
