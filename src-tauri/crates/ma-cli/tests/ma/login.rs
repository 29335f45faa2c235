//! `ma auth`.

use crate::server::{Claim, Seen, Server, install_id, ma};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

fn pairing(state: &str) -> Value {
    let mut pairing = json!({
        "id": "c-0123456789abc",
        "code": "4821",
        "state": state,
        "expires_at": "2027-01-15T08:05:00.000Z",
        "install_id": install_id()
    });
    if state == "paired" {
        pairing["agent"] = json!("a-0123456789abc");
        pairing["key_expires_at"] = json!("2027-04-15T08:00:00.000Z");
    }
    pairing
}

/// Waits twice, then ends as `state`.
fn app_that_ends_with(state: &'static str) -> Server {
    let mut asked = 0;
    Server::start(Claim::Honest, move |seen: &Seen| {
        if seen.line.starts_with("POST /v1/pairings ") {
            return (201, pairing("waiting"));
        }
        if seen.line.contains("/v1/connections") {
            return (200, json!({"connections": []}));
        }
        asked += 1;
        (200, pairing(if asked < 2 { "waiting" } else { state }))
    })
}

fn token(home: &Path, file: &str) -> String {
    let text = fs::read_to_string(home.join("cli").join(file)).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    stored["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_login_makes_the_key_here_and_sends_only_its_hash() {
    let server = app_that_ends_with("paired");
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("MA_URL", server.url.as_str()),
        ("MA_HOME", home.path().to_str().unwrap()),
    ];
    let ran = ma(&["auth", "login", "--name", "claude"], &variables);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.err,
        "Code 4821. Compare it with the one in the app, then confirm there.\n"
    );
    assert!(
        ran.out
            .starts_with("Connected as claude (a-0123456789abc). The key works until 2027-04-15")
    );

    let key = token(home.path(), "agent.json");
    assert!(key.starts_with(&format!("ma1.{}.", install_id())) && key.len() == 80);
    assert!(!ran.out.contains(&key) && !ran.err.contains(&key));
    assert!(!server.saw(&key), "the key itself was not sent");
    assert!(server.saw(&hex::encode(Sha256::digest(&key))));
    assert!(!home.path().join("cli/pairing.json").exists());

    let status = ma(&["auth", "status"], &variables);
    assert_eq!(status.code, 0, "{}", status.err);
    assert!(
        status
            .out
            .ends_with("as claude, until 2027-04-15T08:00:00.000Z.\n"),
        "{}",
        status.out
    );
    assert!(!status.out.contains(&key));

    let again = ma(&["auth", "login", "--name", "claude"], &variables);
    assert_eq!((again.code, again.out), (0, status.out));
    let asked = server
        .lines()
        .iter()
        .filter(|l| l.starts_with("POST"))
        .count();
    assert_eq!(asked, 1, "the human is not asked twice");
}

#[cfg(unix)]
#[test]
fn the_key_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = app_that_ends_with("paired");
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cli");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let args = ["auth", "login", "--name", "claude", "--url", &server.url];
    let ran = ma(&args, &[("MA_HOME", home.path().to_str().unwrap())]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("agent.json")), 0o600);
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn a_refused_or_expired_login_stores_no_key() {
    for (state, code) in [("refused", 3), ("expired", 4)] {
        let server = app_that_ends_with(state);
        let home = tempfile::tempdir().unwrap();
        let variables = [
            ("MA_URL", server.url.as_str()),
            ("MA_HOME", home.path().to_str().unwrap()),
        ];
        let ran = ma(&["auth", "login", "--name", "claude"], &variables);
        assert_eq!(ran.code, code, "{}", ran.err);
        assert_eq!(fs::read_dir(home.path().join("cli")).unwrap().count(), 0);
        assert_eq!(ma(&["connections", "list"], &variables).code, 7);
    }
}

#[test]
fn an_interrupted_login_goes_on_with_the_same_key_and_code() {
    let mut polls = 0;
    let server = Server::start(Claim::Honest, move |seen: &Seen| {
        if seen.line.starts_with("POST /v1/pairings ") {
            return (201, pairing("waiting"));
        }
        polls += 1;
        if polls == 1 {
            return (500, json!({}));
        }
        (200, pairing(if polls == 2 { "waiting" } else { "paired" }))
    });
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("MA_URL", server.url.as_str()),
        ("MA_HOME", home.path().to_str().unwrap()),
    ];
    assert_eq!(
        ma(&["auth", "login", "--name", "claude"], &variables).code,
        1
    );
    let key = token(home.path(), "pairing.json");

    let status = ma(&["auth", "status"], &variables);
    assert_eq!(status.code, 7);
    assert!(
        status.err.contains("code 4821") && !status.err.contains(&key),
        "{}",
        status.err
    );

    let ran = ma(&["auth", "login", "--name", "claude"], &variables);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("Code 4821"));
    assert_eq!(token(home.path(), "agent.json"), key);
    let asked = server
        .lines()
        .iter()
        .filter(|l| l.starts_with("POST"))
        .count();
    assert_eq!(asked, 1, "it asked once");
}

#[test]
fn a_login_at_a_stranger_ends_before_anything_is_asked() {
    for claim in [Claim::Relayed, Claim::Forged, Claim::Odd] {
        let server = Server::start(claim, |_| (201, pairing("waiting")));
        let home = tempfile::tempdir().unwrap();
        let variables = [
            ("MA_URL", server.url.as_str()),
            ("MA_HOME", home.path().to_str().unwrap()),
        ];
        assert_eq!(
            ma(&["auth", "login", "--name", "claude"], &variables).code,
            8
        );
        assert!(server.lines().is_empty());
    }
}
