//! Whom the key is sent to, and which way.

use crate::server::{Claim, Server, key, ma, proposal};
use serde_json::json;
use std::net::TcpListener;

fn accounts() -> (u16, serde_json::Value) {
    (200, json!({"connections": []}))
}

#[test]
fn a_program_that_took_the_port_never_gets_the_key() {
    for claim in [Claim::Other, Claim::Relayed, Claim::Forged, Claim::Odd] {
        let server = Server::start(claim, |_| accounts());
        let key = key();
        let variables = [("MA_URL", server.url.as_str()), ("MA_TOKEN", &key)];
        for args in [
            &["connections", "list"] as &[&str],
            &["queue", "get", "p-0123456789abc"],
            &[
                "email",
                "send",
                "--to",
                "a@x.test",
                "--subject",
                "s",
                "--text",
                "t",
                "--reason",
                "r",
            ],
        ] {
            let ran = ma(args, &variables);
            assert_eq!(ran.code, 8);
            assert!(
                ran.err.contains("Another program answers on this port"),
                "{}",
                ran.err
            );
            assert!(ran.err.contains("[wrong_server]"));
            assert!(!ran.err.contains(&key) && ran.out.is_empty());
        }
        assert!(!server.saw("uthorization") && !server.saw(&key));
        assert!(server.lines().is_empty(), "nothing but hello was asked");
    }
}

#[test]
fn the_paired_installation_gets_the_key_after_its_proof() {
    let server = Server::start(Claim::Honest, |_| accounts());
    let ran = ma(
        &["connections", "list"],
        &[("MA_URL", &server.url), ("MA_TOKEN", &key())],
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let seen = server.seen.lock().unwrap();
    assert!(seen[0].line.starts_with("GET /v1/hello?nonce="));
    assert!(!seen[0].head.contains("uthorization"));
    assert!(seen[1].head.contains(&format!("Bearer {}", key())));
    assert!(!seen.iter().any(|s| s.line.contains(&key())));
}

#[test]
fn nobody_at_the_port_is_not_reachable_and_nothing_else_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ran = ma(
        &["connections", "list"],
        &[("MA_URL", &url), ("MA_TOKEN", &key())],
    );
    assert_eq!(ran.code, 8);
    assert!(
        ran.err
            .contains("[not_reachable]\nNext: Ask the human to start the app"),
        "{}",
        ran.err
    );
}

#[test]
fn a_proxy_is_never_used_for_loopback() {
    let server = Server::start(Claim::Honest, |_| accounts());
    let proxy = Server::start(Claim::Honest, |_| accounts());
    let key = key();
    let localhost = server.url.replace("127.0.0.1", "localhost");
    for url in [&server.url, &localhost] {
        let variables = [
            ("MA_URL", url.as_str()),
            ("MA_TOKEN", &key),
            ("HTTP_PROXY", &proxy.url),
            ("http_proxy", &proxy.url),
            ("ALL_PROXY", &proxy.url),
        ];
        assert_eq!(ma(&["connections", "list"], &variables).code, 0);
    }
    assert!(proxy.seen.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_is_used_for_another_host_and_the_proof_is_for_that_host() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let proxy = Server::start(Claim::Honest, |_| (200, proposal("pending")));
        let variables = [
            ("MA_URL", "http://host.openshell.internal:28001"),
            ("MA_TOKEN", &key()),
            (name, proxy.url.as_str()),
        ];
        let ran = ma(&["queue", "get", "p-0123456789abc"], &variables);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            proxy.seen.lock().unwrap()[0]
                .line
                .starts_with("CONNECT host.openshell.internal:28001 ")
        );
    }
}

#[test]
fn a_host_that_no_proxy_names_is_asked_directly() {
    let proxy = Server::start(Claim::Honest, |_| accounts());
    let variables = [
        ("MA_URL", "http://nowhere.invalid:28001"),
        ("MA_TOKEN", &key()),
        ("HTTP_PROXY", proxy.url.as_str()),
        ("NO_PROXY", "invalid"),
    ];
    assert_eq!(ma(&["connections", "list"], &variables).code, 8);
    assert!(proxy.seen.lock().unwrap().is_empty());
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Server::start(Claim::Honest, |_| accounts());
    let server = Server::start(Claim::Honest, |_| (307, json!({})));
    let ran = ma(
        &["connections", "list"],
        &[("MA_URL", &server.url), ("MA_TOKEN", &key())],
    );
    assert_eq!(ran.code, 1);
    assert!(other.seen.lock().unwrap().is_empty());
}

#[test]
fn an_address_with_anything_but_a_host_and_a_port_is_refused() {
    for url in [
        "https://127.0.0.1:28001",
        "http://u:p@127.0.0.1:28001",
        "http://127.0.0.1:28001/x",
        "127.0.0.1:28001",
        "http://127.0.0.1:28001?token=x",
    ] {
        let ran = ma(
            &["connections", "list"],
            &[("MA_URL", url), ("MA_TOKEN", &key())],
        );
        assert_eq!(ran.code, 2, "{url}");
        assert!(ran.err.contains("[url]"));
    }
}

#[test]
fn a_key_of_another_shape_is_not_sent_and_not_shown() {
    let server = Server::start(Claim::Honest, |_| accounts());
    let ran = ma(
        &["connections", "list"],
        &[("MA_URL", &server.url), ("MA_TOKEN", "ma1.secret")],
    );
    assert_eq!(ran.code, 7);
    assert!(!ran.err.contains("secret"));
    assert!(server.seen.lock().unwrap().is_empty());
}
