//! What the commands need: the engine, and the little that is the shell's own.

use crate::{notices::Notices, window::Place};
use ma_engine::{
    Engine,
    view::{Refusal, Snapshot},
};
use std::{
    mem,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// State of the shell, as Tauri hands it to commands.
pub struct Shell {
    /// Everything that matters.
    pub engine: Arc<Engine>,
    /// What the shell has to say.
    pub notices: Notices,
    /// The app's folder.
    pub home: PathBuf,
    /// Where exported receipts go.
    pub receipts: PathBuf,
    place: Mutex<Place>,
}

impl Shell {
    /// All parts.
    pub fn new(engine: Arc<Engine>, notices: Notices, home: PathBuf, receipts: PathBuf) -> Self {
        Self {
            engine,
            notices,
            home,
            receipts,
            place: Mutex::default(),
        }
    }

    /// Everything that the window's frame needs, with the shell's own notices.
    pub async fn snapshot(&self) -> Result<Snapshot, Refusal> {
        let mut snapshot = self.engine.snapshot().await?;
        snapshot.notices.extend(self.notices.all());
        Ok(snapshot)
    }

    /// Where the window opens next.
    pub fn set_place(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Where the window opens now; after that, at its start again.
    pub fn take_place(&self) -> Place {
        mem::take(&mut *self.place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
