//! The shell: the only code that knows Tauri. Window, tray and notifications around the engine.

mod browser;
mod commands;
mod desk;
mod doors;
mod environment;
mod lock;
mod notices;
mod notify;
mod plain;
mod root;
mod shell;
mod tray;
mod window;

pub use root::run;
