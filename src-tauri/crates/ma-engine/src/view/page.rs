//! The approval page: what it draws, and what it answers.

use ma_core::{Decision, Display, Millis};
use serde::{Deserialize, Serialize};

/// What the approval page draws. It is inside the page when it is served, once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PageView {
    /// The two words that the window shows too.
    pub words: String,
    /// What is decided.
    pub decision: Decision,
    /// What is shown and signed. Absent only when the first passkey is made.
    pub display: Option<Display>,
    /// The fingerprint that the window shows too.
    pub fingerprint: Option<String>,
    /// What the browser is asked.
    pub ask: PageAsk,
    /// Goes back with the answer; good for one answer.
    pub secret: String,
    /// When it ends by itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires: Millis,
}

/// What the browser is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PageAsk {
    /// `navigator.credentials.create` with these options
    /// (`PublicKeyCredential.parseCreationOptionsFromJSON`).
    Create {
        /// `PublicKeyCredentialCreationOptionsJSON`.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        options: serde_json::Value,
    },
    /// `navigator.credentials.get` with these options.
    Get {
        /// `PublicKeyCredentialRequestOptionsJSON`.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        options: serde_json::Value,
    },
}

/// What the page sends to `/finish`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PageAnswer {
    /// [`PageView::secret`].
    pub secret: String,
    /// `PublicKeyCredential.toJSON()`.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub credential: serde_json::Value,
}

/// What the page is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum PageReply {
    /// Done: the tab can be closed.
    Done {
        /// E.g. "Leaves in 10 seconds. Undo is in the window."
        message: String,
    },
    /// One more gesture: an older passkey has to approve the new one.
    Next {
        /// What to draw now.
        page: Box<PageView>,
    },
}
