//! Secrets: app passwords, the installation's key, the pin of the first passkey.

mod file;
mod keychain;

pub use file::FileVault;
pub use keychain::Keychain;

use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// A secret, wiped when it is dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// Where secrets are kept. Calls block; the engine makes them off the runtime.
pub trait Vault: Send + Sync + 'static {
    /// Reads a secret; `None` if there is none of that name.
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError>;
    /// Writes a secret, in place of one of the same name.
    fn write(&self, name: &str, secret: &[u8]) -> Result<(), VaultError>;
    /// How strong it is.
    fn class(&self) -> VaultClass;
}

/// How strong a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultClass {
    /// The operating system's.
    Keychain,
    /// A file that only this user can read: weaker, and not for real accounts.
    File,
}

/// A vault that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    /// It is there, but locked.
    #[error("the keychain is locked")]
    Locked,
    /// It does not work.
    #[error("the keychain does not answer: {0}")]
    Broken(String),
}

/// The OS keychain if one answers, otherwise a file in `home`. A keychain that is there but
/// locked is not replaced by a file: that would let a stranger choose the weaker one.
pub fn choose(home: &Path) -> Arc<dyn Vault> {
    match Keychain::connect(home) {
        Some(keychain) => Arc::new(keychain),
        None => Arc::new(FileVault::new(home)),
    }
}
