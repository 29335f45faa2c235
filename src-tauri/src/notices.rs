//! What the shell itself has to say, beside the engine's notices.

use ma_engine::view::{Loudness, Notice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The shell's notices; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<Vec<Notice>>>);

impl Notices {
    /// Adds one; a notice of the same code is there once.
    pub fn add(&self, notice: Notice) {
        let mut all = self.lock();
        all.retain(|other| other.code != notice.code);
        all.push(notice);
    }

    /// All of them, the newest last.
    pub fn all(&self) -> Vec<Notice> {
        self.lock().clone()
    }

    /// Puts one away. `false` if there is none of that code that can be put away.
    pub fn dismiss(&self, code: &str) -> bool {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|notice| notice.code != code || !notice.dismissable);
        all.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No daemon draws notifications.
pub fn no_notifications(at: i64) -> Notice {
    Notice {
        code: "no_notifications".to_owned(),
        loudness: Loudness::Note,
        title: "No notifications".to_owned(),
        text: "No notification service answers. Proposals show in the tray and window only."
            .to_owned(),
        dismissable: true,
        at,
    }
}

/// No panel icon can be shown.
pub fn no_tray(at: i64) -> Notice {
    Notice {
        code: "no_tray".to_owned(),
        loudness: Loudness::Note,
        title: "No tray icon".to_owned(),
        text: "The tray icon could not be made. Start the app again to open this window."
            .to_owned(),
        dismissable: true,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_there_once_and_can_be_put_away() {
        let notices = Notices::default();
        notices.add(no_notifications(1));
        notices.clone().add(no_notifications(2));
        assert_eq!(notices.all().iter().map(|n| n.at).collect::<Vec<_>>(), [2]);
        assert!(notices.dismiss("no_notifications"));
        assert!(!notices.dismiss("no_notifications"));
        assert!(notices.all().is_empty());
    }

    #[test]
    fn what_must_stay_cannot_be_put_away() {
        let notices = Notices::default();
        notices.add(Notice {
            dismissable: false,
            ..no_notifications(1)
        });
        assert!(!notices.dismiss("no_notifications"));
        assert_eq!(notices.all().len(), 1);
    }
}
