//! What is refused in a body.

use crate::client::{Running, mail, post, propose};
use serde_json::{Value, json};

fn with(place: &str, value: Value) -> Value {
    let mut mail = mail();
    let (parent, last) = place.rsplit_once('/').unwrap();
    mail.pointer_mut(parent).unwrap()[last] = value;
    mail
}

fn refused(door: &Running, body: &[u8], code: &str, field: Option<&str>) {
    door.on_both(|to| {
        let reply = post(to, "/v1/proposals", body);
        reply.is_problem(400, code);
        assert_eq!(reply.json()["field"].as_str(), field, "{}", reply.json());
    });
    assert!(door.inbox.memory().submitted.is_empty());
}

#[test]
fn an_unknown_field_is_refused_where_it_stands() {
    let door = Running::start();
    for (place, field) in [
        ("/scope", "scope"),
        ("/action/from", "action.from"),
        ("/action/to/0/role", "action.to[0].role"),
    ] {
        let body = with(place, json!("admin")).to_string();
        refused(&door, body.as_bytes(), "unknown_field", Some(field));
    }
}

#[test]
fn a_missing_field_is_named() {
    let door = Running::start();
    let body = json!({"action": {"type": "email.send", "subject": "s", "text": "t"}});
    refused(&door, body.to_string().as_bytes(), "missing_field", None);
    let body = json!({"action": {"type": "email.send", "text": "t"}, "reason": "r"});
    refused(
        &door,
        body.to_string().as_bytes(),
        "missing_field",
        Some("action"),
    );
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let door = Running::start();
    let body = mail()
        .to_string()
        .replacen("\"subject\"", "\"subject\":\"other\",\"subject\"", 1);
    refused(&door, body.as_bytes(), "duplicate_field", Some("action"));
}

#[test]
fn a_wrong_type_is_refused_where_it_stands() {
    let door = Running::start();
    let body = with("/action/to/0/address", json!(["a@x.test"])).to_string();
    refused(
        &door,
        body.as_bytes(),
        "wrong_type",
        Some("action.to[0].address"),
    );
    let body = with("/expires_in", json!(-1)).to_string();
    refused(&door, body.as_bytes(), "wrong_type", Some("expires_in"));
    refused(&door, b"[]", "wrong_type", None);
    refused(&door, b"\"text\"", "wrong_type", None);
}

#[test]
fn an_unknown_action_is_refused() {
    let door = Running::start();
    let body = with("/action/type", json!("email.other")).to_string();
    refused(
        &door,
        body.as_bytes(),
        "unknown_action",
        Some("action.type"),
    );
}

#[test]
fn json_that_ends_early_or_is_broken_is_refused() {
    let door = Running::start();
    let whole = mail().to_string();
    for end in [1, 20, whole.len() / 2, whole.len() - 1] {
        refused(&door, &whole.as_bytes()[..end], "cut_off_json", None);
    }
    refused(&door, b" ", "cut_off_json", None);
    refused(
        &door,
        format!("{whole}{{}}").as_bytes(),
        "malformed_json",
        None,
    );
    refused(&door, b"{\"action\" 1}", "malformed_json", None);
    refused(&door, b"\xef\xbb\xbf{}", "wrong_type", None);
}

#[test]
fn deep_nesting_is_refused() {
    let door = Running::start();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = mail()
        .to_string()
        .replacen("\"She asked for it.\"", &deep, 1);
    refused(&door, body.as_bytes(), "wrong_type", Some("reason"));
    let body = format!("{{\"action\":{{\"type\":{deep}}}}}");
    refused(&door, body.as_bytes(), "wrong_type", Some("action.type"));
    let body = mail()
        .to_string()
        .replacen('{', &format!("{{\"x\":{deep},"), 1);
    refused(&door, body.as_bytes(), "unknown_field", Some("x"));
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let door = Running::start();
    let mut body = mail().to_string().into_bytes();
    let at = body.iter().position(|b| *b == b'M').unwrap();
    body[at] = 0xFF;
    refused(&door, &body, "not_utf_8", None);
}

#[test]
fn what_the_domain_refuses_carries_its_code_and_the_whole_path() {
    let door = Running::start();
    let two = json!([{"address": "a@x.test"}, {"address": "b@x.test"}, {"address": "p\u{430}ypal@x.test"}]);
    for (place, value, code, field) in [
        ("/action/to", two, "address", "action.to[2].address"),
        ("/action/to", json!([]), "no_recipient", "action.to"),
        (
            "/action/to",
            json!([{"address": "a@x.test", "name": "a\nb"}]),
            "control_character",
            "action.to[0].name",
        ),
        (
            "/action/cc",
            json!([{"address": "mara@practice.test"}]),
            "duplicate_recipient",
            "action.cc[0]",
        ),
        (
            "/action/subject",
            json!("a\r\nBcc: x@y.test"),
            "control_character",
            "action.subject",
        ),
        (
            "/action/text",
            json!("a\u{202e}b"),
            "hidden_character",
            "action.text",
        ),
        (
            "/action/account",
            json!("No Such"),
            "bad_id",
            "action.account",
        ),
        (
            "/action/attachments",
            json!([{"name": "a", "media_type": "text/plain", "content": "%"}]),
            "base64",
            "action.attachments[0].content",
        ),
        (
            "/action/attachments",
            json!([{"name": "../a", "media_type": "text/plain", "content": ""}]),
            "not_a_file_name",
            "action.attachments[0].name",
        ),
        ("/reason", json!(" "), "empty", "reason"),
        ("/revises", json!("a-0123456789abc"), "bad_id", "revises"),
        ("/expires_in", json!(59), "expires_in", "expires_in"),
        ("/expires_in", json!(2_592_001), "expires_in", "expires_in"),
    ] {
        refused(
            &door,
            with(place, value).to_string().as_bytes(),
            code,
            Some(field),
        );
    }
}

#[test]
fn a_thousand_recipients_are_too_many() {
    let door = Running::start();
    let many: Vec<Value> = (0..1000)
        .map(|i| json!({"address": format!("a{i}@x.test")}))
        .collect();
    let body = with("/action/to", json!(many)).to_string();
    refused(
        &door,
        body.as_bytes(),
        "too_many_recipients",
        Some("action.to"),
    );
}

#[test]
fn a_request_to_connect_is_read_as_strictly() {
    let door = Running::start();
    door.on_both(|to| {
        let hash = "0".repeat(64);
        for (body, code, field) in [
            (
                json!({"name": "a", "key_sha256": hash, "scopes": ["approve"]}),
                "unknown_field",
                "scopes",
            ),
            (
                json!({"name": "a", "key_sha256": "abc"}),
                "key_sha256",
                "key_sha256",
            ),
            (
                json!({"name": "a\u{202e}", "key_sha256": hash}),
                "hidden_character",
                "name",
            ),
        ] {
            let reply = post(to, "/v1/pairings", body.to_string().as_bytes());
            reply.is_problem(400, code);
            assert_eq!(reply.json()["field"], field);
        }
        let reply = post(to, "/v1/proposals/p-0123456789abc/withdraw", b"{\"id\":1}");
        reply.is_problem(400, "unknown_field");
    });
    assert!(door.inbox.memory().key_hashes.is_empty());
}

#[test]
fn a_proposal_that_is_right_is_taken_whole() {
    let door = Running::start();
    let body = with(
        "/action/attachments",
        json!([{"name": "a.txt", "media_type": "text/plain", "content": "aGk="}]),
    );
    door.on_both(|to| assert_eq!(propose(to, &body).status, 202));
    let memory = door.inbox.memory();
    let ma_core::Draft::EmailSend(mail) = &memory.submitted[0].draft;
    assert_eq!(mail.attachments[0].bytes, b"hi");
    assert_eq!(mail.to[0].name.as_ref().unwrap().as_str(), "Mara Olsen");
}
