//! The review window: made when it is wanted, gone when it is closed.

use crate::shell::Shell;
use serde::Serialize;
use std::path::Path;
use tauri::{
    AppHandle, Emitter, Manager, Url, WebviewUrl, WebviewWindowBuilder, webview::NewWindowResponse,
};

/// The only window. Its capability lists what it may call.
pub const LABEL: &str = "review";

/// Where in the window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// The view.
    pub view: View,
    /// A proposal.
    pub id: Option<String>,
}

/// A view of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// What waits.
    #[default]
    Queue,
    /// What was.
    History,
    /// Accounts, agents, passkeys.
    Settings,
}

impl Place {
    /// A view's start.
    pub const fn of(view: View) -> Self {
        Self { view, id: None }
    }

    /// A proposal that waits.
    pub fn item(id: impl Into<String>) -> Self {
        Self {
            view: View::Queue,
            id: Some(id.into()),
        }
    }

    /// A proposal that ended, or has to be settled.
    pub fn past(id: impl Into<String>) -> Self {
        Self {
            view: View::History,
            id: Some(id.into()),
        }
    }
}

/// Opens the window at a place, or takes the open one there.
pub fn open(app: &AppHandle, place: Place) {
    let shell = app.state::<Shell>();
    shell.set_place(place.clone());
    let opened = match app.get_webview_window(LABEL) {
        Some(window) => window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus())
            .and_then(|()| app.emit_to(LABEL, "go", place)),
        None => make(app, &shell.home),
    };
    if let Err(error) = opened {
        tracing::error!(%error, "the window cannot be opened");
    }
}

/// Tells the window to ask again.
pub fn changed(app: &AppHandle) {
    if let Err(error) = app.emit_to(LABEL, "changed", ()) {
        tracing::warn!(%error, "the window cannot be told");
    }
}

fn make(app: &AppHandle, home: &Path) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Mechanical Advantage")
        .inner_size(1040.0, 720.0)
        .min_inner_size(360.0, 480.0)
        .center()
        .data_directory(home.join("webview"))
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .disable_drag_drop_handler()
        .general_autofill_enabled(false)
        .zoom_hotkeys_enabled(true)
        .devtools(cfg!(debug_assertions))
        .build()
        .map(drop)
}

/// The window shows our own files and nothing else: no site, no file of the disk.
fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows has no schemes of its own.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        assert!(is_own(&"tauri://localhost/index.html".parse().unwrap()));
        for other in [
            "https://example.test/",
            "http://localhost:28002/c/x",
            "file:///etc/passwd",
            "tauri://example.test/",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!is_own(&other.parse().unwrap()), "{other}");
        }
    }
}
