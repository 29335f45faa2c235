//! What is refused by the head alone.

use crate::{
    client::{Running, bearer, get, mail, post, raw, request},
    fake::key,
};

#[test]
fn a_foreign_or_missing_or_doubled_host_is_misdirected() {
    let door = Running::start();
    door.on_both(|to| {
        let port = to.port();
        let right = format!("Host: {to}\r\n");
        let twice = format!("{right}{right}");
        for host in [
            "",
            "Host: \r\n",
            "Host: evil.test\r\n",
            &format!("Host: evil.test:{port}\r\n"),
            "Host: 127.0.0.1\r\n",
            "Host: 127.0.0.1:1\r\n",
            &format!("Host: 0.0.0.0:{port}\r\n"),
            &format!("Host: 127.0.0.2:{port}\r\n"),
            &format!("Host: LOCALHOST:{port}\r\n"),
            &format!("Host: localhost.:{port}\r\n"),
            &twice,
        ] {
            let reply = raw(
                to,
                format!("GET /v1/hello HTTP/1.1\r\n{host}\r\n").as_bytes(),
            );
            reply.is_problem(421, "wrong_host");
        }
        let absolute = format!("GET http://evil.test/v1/hello HTTP/1.1\r\n{right}\r\n");
        raw(to, absolute.as_bytes()).is_problem(421, "wrong_host");
    });
}

#[test]
fn the_host_of_the_other_family_is_misdirected() {
    let door = Running::start();
    let [four, six] = door.addresses;
    for (to, host) in [
        (four, format!("[::1]:{}", four.port())),
        (six, format!("127.0.0.1:{}", six.port())),
    ] {
        let reply = raw(
            to,
            format!("GET /v1/hello HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(),
        );
        reply.is_problem(421, "wrong_host");
    }
}

#[test]
fn what_a_browser_adds_is_forbidden_even_with_a_valid_key() {
    let door = Running::start();
    door.on_both(|to| {
        for line in [
            "Origin: null",
            "Origin: http://localhost:28002",
            "Origin: chrome-extension://abc",
            "Sec-Fetch-Site: none",
            "Sec-Fetch-Mode: navigate",
            "sec-fetch-anything: x",
            "Cookie: a=b",
        ] {
            let reply = request(to, "GET", "/v1/connections", &[&bearer(), line], b"");
            reply.is_problem(403, "from_a_browser");
        }
    });
}

#[test]
fn forwarding_headers_are_refused_and_via_is_not() {
    let door = Running::start();
    door.on_both(|to| {
        for line in [
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Host: localhost",
            "X-Forwarded-Anything: 1",
            "Forwarded: for=127.0.0.1",
            "X-Real-IP: 127.0.0.1",
        ] {
            let reply = request(to, "GET", "/v1/connections", &[&bearer(), line], b"");
            reply.is_problem(400, "forwarded");
        }
        let via = request(
            to,
            "GET",
            "/v1/connections",
            &[&bearer(), "Via: 1.1 proxy"],
            b"",
        );
        assert_eq!(via.status, 200);
    });
}

#[test]
fn an_upgrade_is_refused() {
    let door = Running::start();
    door.on_both(|to| {
        for lines in [
            ["Connection: Upgrade", "Upgrade: websocket"],
            ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"],
            [
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
            ],
        ] {
            request(to, "GET", "/v1/connections", &lines, b"").is_problem(400, "upgrade");
        }
    });
}

#[test]
fn a_body_that_is_not_json_is_refused() {
    let door = Running::start();
    door.on_both(|to| {
        for line in [
            "X-None: 1",
            "Content-Type: text/plain",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Type: application/json; charset=utf-16",
            "Content-Type: application/jsonx",
            "Content-Type: application/json\r\nContent-Type: text/plain",
            "Content-Type: application/json\r\nContent-Encoding: gzip",
        ] {
            let reply = request(to, "POST", "/v1/proposals", &[&bearer(), line], b"{}");
            reply.is_problem(415, "not_json");
        }
        let line = "Content-Type: Application/JSON; charset=UTF-8";
        let body = mail().to_string();
        let reply = request(
            to,
            "POST",
            "/v1/proposals",
            &[&bearer(), line],
            body.as_bytes(),
        );
        assert_eq!(reply.status, 202);
    });
}

#[test]
fn a_body_where_none_belongs_is_refused() {
    let door = Running::start();
    door.on_both(|to| {
        let lines = [&bearer() as &str, "Content-Type: application/json"];
        let reply = request(to, "GET", "/v1/connections", &lines, b"{}");
        reply.is_problem(400, "body_not_expected");
    });
}

#[test]
fn a_key_in_the_address_is_refused_and_not_echoed() {
    let door = Running::start();
    door.on_both(|to| {
        for name in ["token", "key", "access_token", "Token", "api_key"] {
            let reply = get(to, &format!("/v1/connections?{name}={}", key()));
            reply.is_problem(400, "key_in_url");
            assert!(!String::from_utf8_lossy(&reply.body).contains(&key()));
        }
    });
}

#[test]
fn an_unknown_or_doubled_or_wrong_parameter_is_refused() {
    let door = Running::start();
    door.on_both(|to| {
        for (path, code) in [
            ("/v1/connections?wait=1", "unknown_parameter"),
            ("/v1/connections?%74oken=1", "unknown_parameter"),
            ("/v1/proposals?open=true&open=true", "unknown_parameter"),
            ("/v1/proposals?scope=admin", "unknown_parameter"),
            ("/v1/proposals?open=yes", "open"),
            ("/v1/proposals?limit=0", "limit"),
            ("/v1/proposals?limit=201", "limit"),
            ("/v1/proposals?limit=-1", "limit"),
            ("/v1/proposals/p-0123456789abc?wait=61", "wait"),
            ("/v1/proposals/p-0123456789abc?wait=1e1", "wait"),
            ("/v1/hello", "nonce"),
            ("/v1/hello?nonce=short", "nonce"),
            ("/v1/hello?nonce=aaaaaaaaaaaaaaaaaaaaa+aaaaaaaa", "nonce"),
        ] {
            get(to, path).is_problem(400, code);
        }
    });
}

#[test]
fn without_a_valid_key_there_is_one_constant_answer() {
    let door = Running::start();
    let wrong = key().replace('k', "j");
    door.on_both(|to| {
        let missing = request(to, "GET", "/v1/connections", &[], b"");
        missing.is_problem(401, "not_paired");
        assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
        for line in [
            format!("Authorization: Bearer {wrong}"),
            "Authorization: Bearer".to_owned(),
            "Authorization: Bearer x".to_owned(),
            "Authorization: Basic YTpi".to_owned(),
            format!("Authorization: {}", key()),
            format!("Authorization: Bearer  {}", key()),
            format!(
                "Authorization: Bearer {}\r\nAuthorization: Bearer {wrong}",
                key()
            ),
        ] {
            let reply = request(to, "GET", "/v1/connections", &[&line], b"");
            reply.is_problem(401, "not_paired");
            assert_eq!(reply.body, missing.body, "{line}");
        }
    });
}

#[test]
fn nothing_can_be_deleted_and_the_answer_says_what_to_do_instead() {
    let door = Running::start();
    door.on_both(|to| {
        for path in ["/v1/proposals/p-0123456789abc", "/v1/anything", "/"] {
            let reply = request(to, "DELETE", path, &[&bearer()], b"");
            reply.is_problem(405, "nothing_is_deleted");
            assert!(reply.header("allow").is_some());
            let next = reply.json()["next"].to_string();
            assert!(next.contains("Archive") && next.contains("withdraw"));
        }
    });
}

#[test]
fn every_other_method_on_every_route_is_not_allowed() {
    let door = Running::start();
    door.on_both(|to| {
        for route in ma_api::routes() {
            let path = route.path.replace("{id}", "p-0123456789abc");
            for method in [
                "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X",
            ] {
                let reply = request_of_any_method(to, method, &path);
                assert_eq!(reply, (405, true), "{method} {path}");
            }
        }
    });
}

/// The status, and whether `Allow` is there. An answer to HEAD has no body.
fn request_of_any_method(to: std::net::SocketAddr, method: &str, path: &str) -> (u16, bool) {
    use std::io::{Read, Write};
    let mut stream = crate::client::connect(to);
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.to_ascii_lowercase().contains("\r\nallow: "))
}

#[test]
fn the_wrong_one_of_two_methods_names_the_right_one() {
    let door = Running::start();
    door.on_both(|to| {
        let reply = post(to, "/v1/connections", b"{}");
        reply.is_problem(405, "wrong_method");
        assert_eq!(reply.header("allow"), Some("GET"));
        let reply = get(to, "/v1/proposals/p-0123456789abc/withdraw");
        reply.is_problem(405, "wrong_method");
        assert_eq!(reply.header("allow"), Some("POST"));
    });
}

#[test]
fn an_unknown_path_is_not_found() {
    let door = Running::start();
    door.on_both(|to| {
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v1/proposals/",
            "/v2/proposals",
            "/v1/approve",
            "/v1/../v1/hello",
            "/v1//hello",
        ] {
            get(to, path).is_problem(404, "no_such_path");
        }
    });
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let door = Running::start();
    door.on_both(|to| {
        let long = format!("X-Long: {}", "a".repeat(20 << 10));
        let reply = request(to, "GET", "/v1/connections", &[&bearer(), &long], b"");
        assert_eq!(reply.status, 431);
        let many: Vec<String> = (0..100).map(|i| format!("X-{i}: 1")).collect();
        let lines: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            request(to, "GET", "/v1/connections", &lines, b"").status,
            431
        );
    });
}

#[test]
fn an_address_that_is_not_loopback_is_never_served() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let inbox = std::sync::Arc::new(crate::fake::Fake::default());
    let served = runtime.block_on(ma_api::serve(
        vec![listener],
        inbox,
        ma_api::Limits::default(),
        std::future::pending(),
    ));
    assert!(matches!(served, Err(ma_api::ServeError::NotLoopback(_))));
}
