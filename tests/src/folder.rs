//! Throwaway folders with short paths.

use std::path::{Path, PathBuf};

/// A folder that is removed with the value.
///
/// Its path is short: a unix socket inside it has about 90 bytes left for its
/// own name, whatever `TMPDIR` says.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A new, empty one, for this user alone.
    pub fn new() -> Self {
        let parent = if cfg!(unix) {
            PathBuf::from("/tmp")
        } else {
            std::env::temp_dir()
        };
        let folder = tempfile::Builder::new().prefix("ma-").tempdir_in(parent);
        Self(folder.expect("a throwaway folder"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path inside it; nothing is created.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// A new folder inside it.
    pub fn subfolder(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(&path).expect("a subfolder");
        path
    }

    /// A new file inside it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_folder_is_short_and_goes_with_its_value() {
        let folder = Folder::new();
        let path = folder.path().to_owned();
        folder.write("file", "content");
        assert!(path.is_dir());
        assert!(path.as_os_str().len() < 20, "{}", path.display());
        drop(folder);
        assert!(!path.exists());
    }
}
