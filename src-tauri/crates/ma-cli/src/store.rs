//! The key's file: readable by its owner alone.

use crate::{
    environment::Environment,
    failure::{Failure, exit},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// What a finished `ma auth login` leaves.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) agent: Option<String>,
    pub(crate) key_expires_at: Option<String>,
}

/// What an unfinished one leaves, so that it can go on where it was.
#[derive(Serialize, Deserialize)]
pub(crate) struct Unfinished {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) pairing: String,
    pub(crate) code: String,
}

pub(crate) struct Store(PathBuf);

const AGENT: &str = "agent.json";
const PAIRING: &str = "pairing.json";

impl Store {
    pub(crate) fn open(environment: &Environment) -> Result<Self, Failure> {
        environment.folder().map(Self).ok_or_else(|| {
            Failure::new(
                exit::OTHER,
                "no_folder",
                "There is no folder for the key.",
                "Set MA_HOME to a folder of your own, or MA_TOKEN to the key.",
            )
        })
    }

    pub(crate) fn agent(&self) -> Result<Option<Stored>, Failure> {
        self.read(AGENT)
    }

    pub(crate) fn unfinished(&self) -> Result<Option<Unfinished>, Failure> {
        self.read(PAIRING)
    }

    pub(crate) fn keep(&self, stored: &Stored) -> Result<(), Failure> {
        self.write(AGENT, stored)?;
        self.drop_unfinished()
    }

    pub(crate) fn keep_unfinished(&self, unfinished: &Unfinished) -> Result<(), Failure> {
        self.write(PAIRING, unfinished)
    }

    pub(crate) fn drop_unfinished(&self) -> Result<(), Failure> {
        let path = self.0.join(PAIRING);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(broken(&path, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let path = self.0.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(&path, &error)),
        };
        // The parser's words could quote the key.
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| broken(&path, &"it is not in its form"))
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Failure> {
        let path = self.0.join(name);
        let bytes = serde_json::to_vec_pretty(value).map_err(|e| broken(&path, &e))?;
        make_folder(&self.0).map_err(|e| broken(&self.0, &e))?;
        let beside = self.0.join(format!("{name}.{}", std::process::id()));
        let written = private_file(&beside)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&beside);
            broken(&path, &error)
        })
    }
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        exit::OTHER,
        "key_file",
        format!("{} cannot be used: {error}.", path.display()),
        "See to the file or its folder, or run ma auth login again.",
    )
}
