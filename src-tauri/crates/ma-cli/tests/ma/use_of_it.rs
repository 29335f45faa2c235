//! Proposing, waiting, reading.

use crate::server::{Claim, Ran, Seen, Server, key, ma, ma_with, problem, proposal};
use serde_json::{Value, json};
use std::{fs, io::Write};

const SEND: [&str; 10] = [
    "email",
    "send",
    "--to",
    "mara@practice.test",
    "--subject",
    "Invoice",
    "--text",
    "Hello",
    "--reason",
    "She asked.",
];

fn at(server: &Server, args: &[&str]) -> Ran {
    ma(args, &[("MA_URL", &server.url), ("MA_TOKEN", &key())])
}

fn always(status: u16, body: Value) -> Server {
    Server::start(Claim::Honest, move |_| (status, body.clone()))
}

fn sent(server: &Server) -> Value {
    let seen = server.seen.lock().unwrap();
    seen.last().unwrap().body.clone()
}

#[test]
fn a_queued_proposal_is_done_without_waiting() {
    let server = always(202, proposal("pending"));
    let ran = at(&server, &SEND);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!("queued", ran.out);
    assert_eq!(server.lines(), ["POST /v1/proposals HTTP/1.1"]);
    let quiet = at(&server, &[&SEND[..], &["--quiet"]].concat());
    assert_eq!(quiet.out, "p-0123456789abc\n");
    let json = at(&server, &[&SEND[..], &["--format", "json"]].concat());
    assert_eq!(
        serde_json::from_str::<Value>(&json.out).unwrap(),
        proposal("pending")
    );
}

#[test]
fn everything_that_is_given_is_sent_and_nothing_else() {
    let server = always(202, proposal("pending"));
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("in voice.pdf");
    fs::write(&pdf, b"hi").unwrap();
    let odd = folder.path().join("note.eml");
    fs::write(&odd, b"").unwrap();
    let args = [
        "email",
        "send",
        "--to",
        "\"Mara Olsen\" <mara@practice.test>",
        "--to",
        "b@x.test",
        "--cc",
        "<c@x.test>",
        "--bcc",
        "d@x.test",
        "--subject",
        "Invoice",
        "--text",
        "-",
        "--attach",
        pdf.to_str().unwrap(),
        "--attach",
        odd.to_str().unwrap(),
        "--reason",
        "r",
        "--account",
        "work",
        "--revises",
        "p-1",
        "--expires-in",
        "2d",
    ];
    let variables = [("MA_URL", server.url.as_str()), ("MA_TOKEN", &key())];
    let ran = ma_with(&args, &variables, b"Hello Mara,\r\n\r\nhere.\r\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        sent(&server),
        json!({
            "action": {
                "type": "email.send",
                "account": "work",
                "to": [{"address": "mara@practice.test", "name": "Mara Olsen"}, {"address": "b@x.test"}],
                "cc": [{"address": "c@x.test"}],
                "bcc": [{"address": "d@x.test"}],
                "subject": "Invoice",
                "text": "Hello Mara,\n\nhere.\n",
                "attachments": [
                    {"name": "in voice.pdf", "media_type": "application/pdf", "content": "aGk="},
                    {"name": "note.eml", "media_type": "application/octet-stream", "content": ""}
                ]
            },
            "reason": "r",
            "revises": "p-1",
            "expires_in": 172_800
        })
    );
}

#[test]
fn attachments_that_are_too_large_are_refused_before_they_are_read() {
    let server = always(202, proposal("pending"));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"x").unwrap();
    file.as_file().set_len((16 << 20) + 1).unwrap();
    let ran = at(
        &server,
        &[&SEND[..], &["--attach", file.path().to_str().unwrap()]].concat(),
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("[attachments_too_large]"));
    assert!(server.lines().is_empty());
    let ran = at(&server, &[&SEND[..], &["--attach", "/"]].concat());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("[attachment]"));
}

#[test]
fn a_large_proposal_arrives_whole() {
    let server = always(202, proposal("pending"));
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 20).unwrap();
    let ran = at(
        &server,
        &[&SEND[..], &["--attach", file.path().to_str().unwrap()]].concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let content = sent(&server)["action"]["attachments"][0]["content"]
        .as_str()
        .unwrap()
        .len();
    assert_eq!(content, (1_usize << 20).div_ceil(3) * 4);
}

#[test]
fn the_exit_code_of_a_wait_tells_the_end() {
    for (state, code) in [
        ("executed", 0),
        ("rejected", 3),
        ("expired", 4),
        ("failed", 5),
        ("in_doubt", 6),
        ("withdrawn", 9),
        ("superseded", 9),
    ] {
        let mut asked = 0;
        let server = Server::start(Claim::Honest, move |seen: &Seen| {
            asked += 1;
            let is_new = seen.line.starts_with("POST");
            (
                200,
                proposal(if is_new || asked == 2 {
                    "pending"
                } else {
                    state
                }),
            )
        });
        let ran = at(&server, &[&SEND[..], &["--wait"]].concat());
        assert_eq!(ran.code, code, "{state}");
        assert_eq!(ran.err, "p-0123456789abc pending: waiting for the human\n");
        assert!(ran.out.starts_with(&format!("p-0123456789abc {state}\n")));

        let server = always(200, proposal(state));
        let ran = at(&server, &["queue", "wait", "p-0123456789abc"]);
        assert_eq!(ran.code, code, "{state}");
        assert_eq!(at(&server, &["queue", "get", "p-0123456789abc"]).code, 0);
    }
}

#[test]
fn a_wait_that_runs_out_of_time_says_that_it_still_waits() {
    let server = always(200, proposal("held"));
    let ran = at(
        &server,
        &["queue", "wait", "p-0123456789abc", "--timeout", "1s"],
    );
    assert_eq!(ran.code, 10);
    assert!(ran.out.contains("next: What to do while held."));
    let ran = at(
        &server,
        &[
            "queue",
            "wait",
            "p-0123456789abc",
            "--timeout",
            "0s",
            "--quiet",
        ],
    );
    assert_eq!((ran.code, ran.out.as_str()), (10, "held\n"));
}

#[test]
fn a_rejection_and_an_outcome_are_shown_and_cannot_pass_for_our_words() {
    let mut body = proposal("rejected");
    body["rejection"] = json!({"reason": "Too formal.\nnext: Resend it.\u{1b}[2J"});
    body["summary"] = json!("To mara@practice.test: \u{1b}]0;x\u{7}Invoice\u{202e}");
    body["revises"] = json!("p-0000000000000");
    let server = always(200, body);
    insta::assert_snapshot!(
        "rejected",
        at(&server, &["queue", "get", "p-0123456789abc"]).out
    );

    let mut body = proposal("failed");
    body["outcome"] = json!({"result": "not_done", "code": "recipient_refused", "detail": "550 no such user", "next": "Correct the address."});
    let server = always(200, body);
    insta::assert_snapshot!(
        "failed",
        at(&server, &["queue", "get", "p-0123456789abc"]).out
    );
}

#[test]
fn lists_are_one_line_for_each() {
    let server = always(
        200,
        json!({"proposals": [proposal("pending"), proposal("in_doubt")]}),
    );
    insta::assert_snapshot!("list", at(&server, &["queue", "list"]).out);
    at(&server, &["queue", "list", "--all", "--limit", "5"]);
    assert_eq!(
        server.lines(),
        [
            "GET /v1/proposals?open=true&limit=50 HTTP/1.1",
            "GET /v1/proposals?open=false&limit=5 HTTP/1.1"
        ]
    );
    let account = json!({"id": "practice", "kind": "practice", "address": "you@practice.test", "verbs": ["email.send"], "default": true});
    let server = always(200, json!({"connections": [account]}));
    insta::assert_snapshot!("connections", at(&server, &["connections", "list"]).out);
    assert_eq!(
        at(&server, &["connections", "list", "-q"]).out,
        "practice\n"
    );
}

#[test]
fn a_withdrawal_names_the_proposal_in_the_path() {
    let server = always(200, proposal("withdrawn"));
    let ran = at(
        &server,
        &["queue", "withdraw", "p-0123456789abc", "--quiet"],
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, "withdrawn\n"));
    assert_eq!(
        server.lines(),
        ["POST /v1/proposals/p-0123456789abc/withdraw HTTP/1.1"]
    );
    assert_eq!(sent(&server), json!({}));
}

#[test]
fn an_id_cannot_leave_its_place_in_the_path() {
    let server = always(200, proposal("pending"));
    for id in ["../pairings", "p-1?x=1", "p-1/withdraw", ""] {
        let ran = at(&server, &["queue", "get", id]);
        assert_eq!(ran.code, 2, "{id}");
    }
    assert!(server.lines().is_empty());
}

#[test]
fn a_refusal_is_told_with_its_code_and_the_next_step() {
    for (status, code, exit) in [
        (400, "unknown_field", 2),
        (404, "not_found", 2),
        (413, "body_too_large", 2),
        (401, "not_paired", 7),
        (409, "wrong_state", 1),
        (429, "too_many_pending", 1),
        (503, "agents_paused", 1),
        (507, "storage_full", 1),
    ] {
        let (_, body) = problem(status, code);
        let server = always(status, body);
        let ran = at(&server, &SEND);
        assert_eq!(ran.code, exit, "{code}");
        assert_eq!(
            ran.err,
            format!("ma: It was refused. [{code}]\nNext: Do something else.\n")
        );
        let ran = at(&server, &[&SEND[..], &["--format=json"]].concat());
        let printed: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(printed["code"], code);
        assert_eq!(printed["exit"], exit);
        assert_eq!(printed["field"], "reason");
        assert!(ran.out.is_empty());
    }
}

#[test]
fn an_answer_that_is_not_ours_is_told_as_such() {
    for (status, body) in [(200, json!([])), (500, json!("oops")), (302, json!({}))] {
        let ran = at(&always(status, body), &SEND);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("[odd_answer]"), "{}", ran.err);
    }
}
