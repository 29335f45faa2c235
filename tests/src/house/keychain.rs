//! A keychain of the test's own.

use ma_engine::vault::{FileVault, Secret, Vault, VaultClass, VaultError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What keeps the secrets.
#[derive(Debug, Clone, Copy, Default)]
pub enum Keychain {
    /// A keychain that is open.
    #[default]
    Open,
    /// One that is locked.
    Locked,
    /// One that writes nothing before it is told to, or a minute is over.
    Stuck(&'static AtomicBool),
    /// None: files, which are weaker.
    Absent,
}

/// A keychain of the test's own: files, of the class that the test wants.
#[derive(Debug)]
pub struct TestKeychain {
    files: FileVault,
    kind: Keychain,
}

impl TestKeychain {
    /// A keychain in that folder.
    pub fn new(folder: &Path, kind: Keychain) -> Self {
        Self {
            files: FileVault::new(folder),
            kind,
        }
    }
}

impl Vault for TestKeychain {
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match self.kind {
            Keychain::Locked => Err(VaultError::Locked),
            Keychain::Open | Keychain::Stuck(_) | Keychain::Absent => self.files.read(name),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        match self.kind {
            Keychain::Locked => return Err(VaultError::Locked),
            Keychain::Stuck(free) => {
                let end = Instant::now() + Duration::from_secs(60);
                while !free.load(Ordering::SeqCst) && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            Keychain::Open | Keychain::Absent => {}
        }
        self.files.write(name, secret)
    }

    fn class(&self) -> VaultClass {
        match self.kind {
            Keychain::Absent => VaultClass::File,
            Keychain::Open | Keychain::Locked | Keychain::Stuck(_) => VaultClass::Keychain,
        }
    }
}
