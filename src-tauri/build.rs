//! Bakes the window's permissions into the app, and looks for the window's files.

use std::{path::Path, process::ExitCode};

const FILES: [&str; 4] = [
    "src-ui/dist/index.html",
    "src-ui/dist-page/approve.html",
    "src-ui/dist-page/page.js",
    "src-ui/dist-page/page.css",
];

fn main() -> ExitCode {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
        if !Path::new(file).exists() {
            println!("cargo::error={file} is missing. Build the window first: cargo xtask run");
            return ExitCode::FAILURE;
        }
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(
            tauri_build::AppManifest::new()
                .permissions_path_pattern("./src-tauri/permissions/*.toml"),
        );
    match tauri_build::try_build(attributes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}
