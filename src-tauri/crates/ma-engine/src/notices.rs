//! What the person has to know, until it is put away or no longer true.

use crate::view::Notice;

#[derive(Default)]
pub(crate) struct Notices(Vec<Notice>);

impl Notices {
    /// Adds one, in place of an older one of the same code.
    pub(crate) fn put(&mut self, notice: Notice) {
        self.0.retain(|n| n.code != notice.code);
        self.0.insert(0, notice);
    }

    /// Puts one away, if it may be.
    pub(crate) fn dismiss(&mut self, code: &str) {
        self.0.retain(|n| n.code != code || !n.dismissable);
    }

    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.clone()
    }
}
