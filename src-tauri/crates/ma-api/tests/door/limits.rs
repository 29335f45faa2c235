//! Bounds in size, time and number.

use crate::client::{
    Running, bearer, connect, get, mail, post, propose, raw, raw_then_end, read, request,
};
use ma_api::Limits;
use std::{
    io::{Read, Write},
    num::NonZeroU32,
    time::{Duration, Instant},
};

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn head(to: std::net::SocketAddr, more: &str) -> String {
    format!(
        "POST /v1/proposals HTTP/1.1\r\nHost: {to}\r\n{}\r\nContent-Type: application/json\r\n{more}\r\n\r\n",
        bearer()
    )
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_comes_and_before_the_key() {
    let door = Running::start();
    door.on_both(|to| {
        let large = format!("Content-Length: {}", ma_protocol::MAX_BODY_BYTES + 1);
        raw(to, head(to, &large).as_bytes()).is_problem(413, "body_too_large");
        let line = "Content-Length: 4097\r\nContent-Type: application/json";
        request(to, "POST", "/v1/pairings", &[line], b"").is_problem(413, "body_too_large");
    });
    assert_eq!(door.inbox.memory().asked_keys, 0);
}

#[test]
fn a_body_that_hides_its_size_is_cut_at_the_limit_and_the_answer_still_arrives() {
    let door = Running::with(Limits {
        body_bytes: 1 << 20,
        ..Limits::default()
    });
    door.on_both(|to| {
        let mut bytes = head(to, "Transfer-Encoding: chunked").into_bytes();
        let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
        for _ in 0..64 {
            bytes.extend_from_slice(&chunk);
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        raw(to, &bytes).is_problem(413, "body_too_large");
    });
    assert!(door.inbox.memory().submitted.is_empty());
}

#[test]
fn a_mail_with_sixteen_mebibytes_of_attachments_fits() {
    let door = Running::start();
    let mut body = mail();
    // 16 MiB are not a multiple of three: the last group is padded.
    let content = format!("{}AA==", "AAAA".repeat((16 << 20) / 3));
    body["action"]["attachments"] =
        serde_json::json!([{"name": "a", "media_type": "text/plain", "content": content}]);
    assert_eq!(propose(door.addresses[0], &body).status, 202);
    body["action"]["attachments"][0]["content"] =
        format!("{}AAAA", "AAAA".repeat((16 << 20) / 3)).into();
    propose(door.addresses[0], &body).is_problem(400, "attachments_too_large");
}

#[test]
fn a_body_that_is_cut_off_is_refused_whole() {
    let door = Running::start();
    door.on_both(|to| {
        let body = mail().to_string();
        // What came is a whole JSON document, but less than was said.
        let said = format!("Content-Length: {}", body.len() + 1);
        let reply = raw_then_end(to, (head(to, &said) + &body).as_bytes());
        reply.is_problem(400, "body_cut_off");
    });
    assert!(door.inbox.memory().submitted.is_empty());
}

#[test]
fn a_slow_body_runs_out_of_time() {
    let door = Running::with(Limits {
        body_time: Duration::from_millis(200),
        ..Limits::default()
    });
    door.on_both(|to| {
        let mut stream = connect(to);
        stream
            .write_all(head(to, "Content-Length: 1000").as_bytes())
            .unwrap();
        stream.write_all(b"{").unwrap();
        read(&mut stream).is_problem(408, "body_too_slow");
    });
}

#[test]
fn a_slow_head_is_cut_off() {
    let door = Running::with(Limits {
        head_time: Duration::from_millis(200),
        ..Limits::default()
    });
    door.on_both(|to| {
        let mut stream = connect(to);
        stream
            .write_all(b"GET /v1/hello HTTP/1.1\r\nHost:")
            .unwrap();
        let start = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(start.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn a_connection_too_many_is_told_so_and_the_others_live_on() {
    let door = Running::with(Limits {
        connections: 2,
        ..Limits::default()
    });
    let to = door.addresses[0];
    let mut open: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(to);
            write!(
                stream,
                "GET /v1/connections HTTP/1.1\r\nHost: {to}\r\n{}\r\n\r\n",
                bearer()
            )
            .unwrap();
            assert_eq!(read(&mut stream).status, 200);
            stream
        })
        .collect();
    read(&mut connect(door.addresses[1])).is_problem(503, "too_many_connections");
    write!(
        open[0],
        "GET /v1/connections HTTP/1.1\r\nHost: {to}\r\n{}\r\n\r\n",
        bearer()
    )
    .unwrap();
    assert_eq!(read(&mut open[0]).status, 200);
    drop(open);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(get(to, "/v1/connections").status, 200);
}

#[test]
fn too_many_requests_are_slowed_before_anything_else_is_looked_at() {
    let door = Running::with(Limits {
        requests_per_second: count(1),
        requests_burst: count(5),
        ..Limits::default()
    });
    let to = door.addresses[0];
    for _ in 0..5 {
        raw(to, b"GET / HTTP/1.1\r\n\r\n").is_problem(421, "wrong_host");
    }
    let reply = raw(to, b"GET / HTTP/1.1\r\n\r\n");
    reply.is_problem(429, "too_many_requests");
    assert!(reply.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    get(door.addresses[1], "/v1/connections").is_problem(429, "too_many_requests");
}

#[test]
fn guessing_keys_is_slowed_and_a_key_that_works_is_not_locked_out() {
    let door = Running::with(Limits {
        guesses_per_minute: count(5),
        ..Limits::default()
    });
    let to = door.addresses[0];
    assert_eq!(get(to, "/v1/connections").status, 200);
    let guess = |i: u32| {
        let line = format!(
            "Authorization: Bearer ma1.{}.{}{i:03}",
            "0".repeat(32),
            "x".repeat(40)
        );
        request(to, "GET", "/v1/connections", &[&line], b"")
    };
    for i in 0..4 {
        guess(i).is_problem(401, "not_paired");
    }
    let asked = door.inbox.memory().asked_keys;
    for i in 4..50 {
        guess(i).is_problem(429, "too_many_guesses");
    }
    let second = format!(
        "{}\r\nAuthorization: Bearer x",
        "Authorization: Bearer bogus"
    );
    request(to, "GET", "/v1/connections", &[&second], b"").is_problem(429, "too_many_guesses");
    assert_eq!(
        door.inbox.memory().asked_keys,
        asked,
        "no guess reached the inbox"
    );
    assert_eq!(get(to, "/v1/connections").status, 200);
}

#[test]
fn a_revoked_key_is_no_longer_known() {
    let door = Running::with(Limits {
        guesses_per_minute: count(2),
        ..Limits::default()
    });
    let to = door.addresses[0];
    assert_eq!(get(to, "/v1/connections").status, 200);
    door.inbox.memory().revoked = true;
    get(to, "/v1/connections").is_problem(401, "not_paired");
    get(to, "/v1/connections").is_problem(401, "not_paired");
    get(to, "/v1/connections").is_problem(429, "too_many_guesses");
}

#[test]
fn requests_to_connect_are_few() {
    let door = Running::with(Limits {
        pairings_per_minute: count(2),
        ..Limits::default()
    });
    let body = format!("{{\"name\":\"a\",\"key_sha256\":\"{}\"}}", "0".repeat(64));
    let ask = || post(door.addresses[0], "/v1/pairings", body.as_bytes());
    assert_eq!(ask().status, 201);
    assert_eq!(ask().status, 201);
    ask().is_problem(429, "too_many_pairings");
    assert_eq!(get(door.addresses[0], "/v1/connections").status, 200);
}

#[test]
fn when_nobody_more_may_wait_the_answer_comes_at_once() {
    let door = Running::with(Limits {
        waits: 0,
        ..Limits::default()
    });
    let id = door.inbox.put(ma_core::State::Pending);
    let start = Instant::now();
    let reply = get(door.addresses[0], &format!("/v1/proposals/{id}?wait=60"));
    assert_eq!(reply.json()["state"], "pending");
    assert!(start.elapsed() < Duration::from_secs(5));
}
