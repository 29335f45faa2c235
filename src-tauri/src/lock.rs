//! One running app for each folder, also where no session bus could tell.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};
use thiserror::Error;

/// The folder is ours until this is dropped, or the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "holding it open is the lock")] File);

/// Why the folder is not ours.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another app uses it.
    #[error("Mechanical Advantage already runs with this folder. Open it from its tray icon")]
    Taken,
    /// It cannot be written.
    #[error("the folder cannot be used: {0}")]
    Unusable(#[from] io::Error),
}

impl Lock {
    /// Takes the folder `home`, which exists.
    pub fn take(home: &Path) -> Result<Self, LockError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(home.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let home = tempfile::tempdir().unwrap();
        let first = Lock::take(home.path()).unwrap();
        assert!(matches!(Lock::take(home.path()), Err(LockError::Taken)));
        drop(first);
        assert!(Lock::take(home.path()).is_ok());
    }
}
