//! Which crate may use which.

use crate::source::{files, read, root, without_tests};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = std::process::Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The direct dependencies of each crate of the workspace. One that is optional has a `?`.
fn normal() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let normal = dependencies
                .iter()
                .filter(|d| d["kind"].is_null())
                .map(|d| {
                    let optional = if d["optional"] == true { "?" } else { "" };
                    format!("{}{optional}", d["name"].as_str().unwrap())
                });
            (
                package["name"].as_str().unwrap().to_owned(),
                normal.collect(),
            )
        })
        .collect()
}

/// Who may use whom, inside the workspace.
const EDGES: [(&str, &[&str]); 10] = [
    ("ma-core", &[]),
    ("ma-protocol", &[]),
    ("ma-receipt", &["ma-core"]),
    ("ma-cli", &["ma-protocol"]),
    ("ma-api", &["ma-core", "ma-protocol"]),
    ("ma-engine", &["ma-core", "ma-receipt"]),
    ("ma-page", &["ma-core", "ma-engine"]),
    // The command line and the verifier only for the bundle (feature `ship`), from their own
    // main files: nothing of the app calls them.
    (
        "mechanical-advantage",
        &[
            "ma-api",
            "ma-cli?",
            "ma-core",
            "ma-engine",
            "ma-page",
            "ma-receipt?",
        ],
    ),
    (
        "ma-tests",
        &[
            "ma-api",
            "ma-cli",
            "ma-core",
            "ma-engine",
            "ma-page",
            "ma-protocol",
            "ma-receipt",
        ],
    ),
    ("xtask", &[]),
];

#[test]
fn the_crates_use_each_other_as_drawn_and_no_other_way() {
    let all = normal();
    let own: BTreeSet<&str> = all.keys().map(String::as_str).collect();
    let drawn: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    assert_eq!(own, drawn, "a crate came or went");
    for (name, allowed) in EDGES {
        let inside: Vec<&str> = all[name]
            .iter()
            .map(String::as_str)
            .filter(|d| own.contains(d.trim_end_matches('?')))
            .collect();
        assert_eq!(inside, allowed, "{name}");
    }
}

#[test]
fn the_app_does_not_call_the_command_line_or_the_verifier() {
    for path in files(&root().join("src-tauri/src"), &["rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, _) = read(&text);
        for name in ["ma_cli", "ma_receipt"] {
            assert!(!code.contains(name), "{}: {name}", path.display());
        }
    }
}

/// What a crate must not depend on itself.
const NOT_THEIRS: [(&str, &[&str]); 7] = [
    (
        "ma-core",
        &[
            "tokio",
            "rusqlite",
            "reqwest",
            "ureq",
            "hyper",
            "axum",
            "getrandom",
            "rand",
            "time",
            "chrono",
            "webauthn-rs",
            "lettre",
            "tracing",
        ],
    ),
    (
        "ma-api",
        &[
            "rusqlite",
            "webauthn-rs",
            "lettre",
            "keyring",
            "tauri",
            "reqwest",
            "ureq",
        ],
    ),
    (
        "ma-receipt",
        &[
            "rusqlite",
            "tokio",
            "reqwest",
            "ureq",
            "hyper",
            "axum",
            "lettre",
            "keyring",
            "getrandom",
        ],
    ),
    (
        "ma-engine",
        &[
            "tauri",
            "axum",
            "hyper",
            "tower",
            "tower-http",
            "reqwest",
            "ureq",
        ],
    ),
    (
        "ma-page",
        &[
            "rusqlite",
            "webauthn-rs",
            "lettre",
            "keyring",
            "tauri",
            "reqwest",
            "ureq",
        ],
    ),
    (
        "ma-cli",
        &[
            "rusqlite",
            "webauthn-rs",
            "tokio",
            "reqwest",
            "axum",
            "keyring",
            "tauri",
        ],
    ),
    (
        "mechanical-advantage",
        &[
            "rusqlite",
            "webauthn-rs",
            "lettre",
            "keyring",
            "reqwest",
            "ureq",
        ],
    ),
];

#[test]
fn each_crate_keeps_away_from_what_is_not_its_own() {
    let all = normal();
    for (name, forbidden) in NOT_THEIRS {
        for dependency in forbidden {
            assert!(!all[name].contains(*dependency), "{name} uses {dependency}");
        }
    }
    let protocol: Vec<&str> = all["ma-protocol"].iter().map(String::as_str).collect();
    for dependency in protocol {
        assert!(
            ["serde", "serde_json", "utoipa"].contains(&dependency),
            "{dependency}"
        );
    }
}

/// The code of a crate without its tests, comments and strings.
fn code(name: &str) -> Vec<(String, String)> {
    let folder = root().join("src-tauri/crates").join(name).join("src");
    let all: Vec<_> = files(&folder, &["rs"])
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), read(without_tests(&text)).0)
        })
        .collect();
    assert!(!all.is_empty(), "{name}");
    all
}

#[test]
fn the_domain_reads_no_clock_no_file_no_network_and_no_randomness() {
    let outside = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "SystemTime",
        "Instant",
        "OffsetDateTime",
        "now_utc",
        "getrandom",
        "thread_rng",
        "unsafe",
    ];
    for (path, code) in code("ma-core") {
        for word in outside {
            assert!(!code.contains(word), "{path}: {word}");
        }
    }
}

#[test]
fn the_verification_opens_no_network_and_no_store() {
    for (path, code) in code("ma-receipt") {
        for word in [
            "std::net",
            "TcpStream",
            "SystemTime",
            "Instant::now",
            "Command",
            "env::var",
        ] {
            assert!(!code.contains(word), "{path}: {word}");
        }
        let command = path.ends_with("cli.rs") || path.ends_with("main.rs");
        assert!(command || !code.contains("std::fs"), "{path}: std::fs");
    }
}

#[test]
fn the_doors_hold_no_keys_and_no_database() {
    for name in ["ma-api", "ma-page"] {
        for (path, code) in code(name) {
            for word in ["rusqlite", "webauthn", "std::fs", "Vault", "SigningKey"] {
                assert!(!code.contains(word), "{path}: {word}");
            }
        }
    }
    for (path, code) in code("ma-api") {
        for word in ["finish_page", "open_page", "begin_", "ma_engine", "secret"] {
            assert!(!code.contains(word), "{path}: {word}");
        }
    }
}

#[test]
fn no_openssl_is_locked() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let names: Vec<&str> = lock
        .lines()
        .filter_map(|l| l.strip_prefix("name = "))
        .collect();
    assert!(
        names.len() > 200 && names.contains(&"\"rustls\""),
        "{}",
        names.len()
    );
    for name in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "openssl-src",
        "boring-sys",
        "aws-lc-sys",
    ] {
        assert!(!names.contains(&format!("\"{name}\"").as_str()), "{name}");
    }
}
