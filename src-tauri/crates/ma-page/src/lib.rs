//! The approval page: one HTML file at `http://localhost:PORT`, served once for each ceremony.
//!
//! It knows no agent and no agent's route. What it may do is what [`ma_engine::Engine`] offers
//! to a page: open a ceremony by its token, finish it by its secret, cancel it.

mod guard;
mod routes;

pub use routes::{PageError, ROUTES, serve};

/// The built files of the page.
#[derive(Debug, Clone, Copy)]
pub struct Assets {
    /// The HTML, with an empty JSON block for the ceremony.
    pub html: &'static str,
    /// Its script.
    pub js: &'static str,
    /// Its style sheet.
    pub css: &'static str,
}
