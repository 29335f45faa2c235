//! What works.

use crate::{
    client::{Running, bearer, connect, get, mail, post, propose, read, request},
    fake::{install_id, signing_key},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Verifier};
use ma_core::{InboxError, Outcome, PairingState, State};
use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn hello_proves_the_installation_for_the_address_that_was_dialled() {
    let door = Running::start();
    door.on_both(|to| {
        for host in [to.to_string(), format!("localhost:{}", to.port())] {
            let ask = format!("GET /v1/hello?nonce={NONCE} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let hello = crate::client::raw(to, ask.as_bytes()).json();
            assert_eq!(hello["product"], "mechanical-advantage");
            assert_eq!(hello["protocol"], 1);
            assert_eq!(hello["install_id"], install_id().as_str());
            let bytes = URL_SAFE_NO_PAD
                .decode(hello["signature"].as_str().unwrap())
                .unwrap();
            let signature = Signature::from_slice(&bytes).unwrap();
            let verifying = signing_key().verifying_key();
            let right = ma_protocol::hello_message(NONCE, &host);
            assert!(verifying.verify(&right, &signature).is_ok());
            let other = ma_protocol::hello_message(NONCE, "127.0.0.1:1");
            assert!(verifying.verify(&other, &signature).is_err());
        }
    });
}

#[test]
fn an_agent_connects_without_ever_sending_its_key() {
    let door = Running::start();
    let to = door.addresses[0];
    let hash = ma_core::Digest::of(b"a key").hex();
    let body = format!("{{\"name\":\"claude\",\"key_sha256\":\"{hash}\"}}");
    let reply = request(
        to,
        "POST",
        "/v1/pairings",
        &["Content-Type: application/json"],
        body.as_bytes(),
    );
    assert_eq!(reply.status, 201);
    let pairing = reply.json();
    assert_eq!(pairing["state"], "waiting");
    assert_eq!(pairing["code"], "4821");
    assert_eq!(pairing["expires_at"], "2027-01-15T08:05:00.000Z");
    assert_eq!(pairing["install_id"], install_id().as_str());
    assert_eq!(door.inbox.memory().key_hashes, [hash]);

    let paired = {
        let mut memory = door.inbox.memory();
        let ticket = memory.pairing.as_mut().unwrap();
        ticket.state = PairingState::Paired;
        ticket.agent = Some(ma_core::AgentId::from_random([2; 8]));
        ticket.key_expires = Some(crate::fake::START);
        format!("/v1/pairings/{}?wait=5", ticket.id)
    };
    let pairing = request(to, "GET", &paired, &[], b"").json();
    assert_eq!(pairing["state"], "paired");
    assert_eq!(pairing["key_expires_at"], "2027-01-15T08:00:00.000Z");
    request(to, "GET", "/v1/pairings/c-0000000000000", &[], b"").is_problem(404, "not_found");
}

#[test]
fn a_proposal_is_accepted_and_says_not_to_resend() {
    let door = Running::start();
    door.on_both(|to| {
        let reply = propose(to, &mail());
        assert_eq!(reply.status, 202);
        let proposal = reply.json();
        assert_eq!(proposal["state"], "pending");
        assert!(proposal["next"].as_str().unwrap().contains("Do not resend"));
        assert_eq!(proposal["fingerprint"].as_str().unwrap().len(), 19);
        assert_eq!(proposal["proposed_at"], "2027-01-15T08:00:00.000Z");
        assert!(proposal.get("outcome").is_none());
    });
}

#[test]
fn a_list_can_be_narrowed() {
    let door = Running::start();
    door.inbox.put(State::Executed);
    let to = door.addresses[0];
    let size = |path| get(to, path).json()["proposals"].as_array().unwrap().len();
    assert_eq!(size("/v1/proposals"), 1);
    assert_eq!(size("/v1/proposals?open=true"), 0);
    assert_eq!(size("/v1/proposals?open=false&limit=200"), 1);
}

#[test]
fn a_wait_ends_with_the_decision() {
    let door = Running::start();
    let id = door.inbox.put(State::Pending);
    let inbox = door.inbox.clone();
    let decision = thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        let mut memory = inbox.memory();
        memory.tickets[0].state = State::Rejected;
        memory.tickets[0].rejection = Some("Too formal.".to_owned());
    });
    let start = Instant::now();
    let proposal = get(door.addresses[0], &format!("/v1/proposals/{id}?wait=60")).json();
    decision.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(proposal["state"], "rejected");
    assert_eq!(proposal["rejection"]["reason"], "Too formal.");
}

#[test]
fn an_outcome_is_told_as_it_is() {
    let door = Running::start();
    let id = door.inbox.put(State::InDoubt);
    door.inbox.memory().tickets[0].outcome = Some(Outcome::Unknown {
        reference: "<1@practice.test>".to_owned(),
        detail: "the connection broke".to_owned(),
    });
    let proposal = get(door.addresses[1], &format!("/v1/proposals/{id}")).json();
    assert_eq!(proposal["outcome"]["result"], "unknown");
    assert_eq!(proposal["outcome"]["reference"], "<1@practice.test>");
}

#[test]
fn a_pending_proposal_is_withdrawn_with_or_without_a_body() {
    let door = Running::start();
    let id = door.inbox.put(State::Pending);
    door.on_both(|to| {
        let path = format!("/v1/proposals/{id}/withdraw");
        assert_eq!(post(to, &path, b"{}").json()["state"], "withdrawn");
        let bare = request(to, "POST", &path, &[&bearer()], b"");
        assert_eq!(bare.json()["state"], "withdrawn");
        let empty = request(to, "POST", &path, &[&bearer(), "Content-Length: 0"], b"");
        assert_eq!(empty.status, 200);
    });
}

#[test]
fn every_failure_of_the_inbox_has_its_own_answer() {
    let door = Running::start();
    let to = door.addresses[0];
    for (error, status, code) in [
        (InboxError::KeyNotValid, 401, "not_paired"),
        (InboxError::NotFound, 404, "not_found"),
        (InboxError::NoAccount("work".to_owned()), 400, "no_account"),
        (
            InboxError::TooManyPending { open: 50 },
            429,
            "too_many_pending",
        ),
        (InboxError::TooManyPairings, 429, "too_many_pairings"),
        (InboxError::Paused, 503, "agents_paused"),
        (InboxError::Sealed, 503, "sealed"),
        (InboxError::WrongState(State::Held), 409, "wrong_state"),
        (InboxError::StorageFull, 507, "storage_full"),
        (
            InboxError::Internal("secret path".to_owned()),
            500,
            "internal",
        ),
    ] {
        door.inbox.memory().fails = Some(error);
        let reply = propose(to, &mail());
        reply.is_problem(status, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("secret path"));
        assert_eq!(
            reply.header("retry-after").is_some(),
            status == 429 || status == 503
        );
    }
}

#[test]
fn a_panic_is_an_answer_and_the_door_stays_open() {
    let door = Running::start();
    let to = door.addresses[0];
    door.inbox.memory().panics = true;
    propose(to, &mail()).is_problem(500, "internal");
    door.inbox.memory().panics = false;
    assert_eq!(propose(to, &mail()).status, 202);
}

#[test]
fn an_id_of_another_shape_is_not_found() {
    let door = Running::start();
    door.on_both(|to| {
        for id in [
            "p-1",
            "a-0123456789abc",
            "%70-0123456789abc",
            "p-0123456789abc'--",
        ] {
            get(to, &format!("/v1/proposals/{id}")).is_problem(404, "not_found");
        }
    });
}

#[test]
fn one_connection_serves_many_requests_and_each_one_shows_its_key() {
    let door = Running::start();
    let to = door.addresses[0];
    let mut stream = connect(to);
    for _ in 0..3 {
        write!(
            stream,
            "GET /v1/connections HTTP/1.1\r\nHost: {to}\r\n{}\r\n\r\n",
            bearer()
        )
        .unwrap();
        assert_eq!(read(&mut stream).status, 200);
    }
    write!(stream, "GET /v1/connections HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
    read(&mut stream).is_problem(401, "not_paired");
}

#[test]
fn revoking_a_key_ends_its_waits() {
    let door = Running::start();
    let id = door.inbox.put(State::Pending);
    let inbox = door.inbox.clone();
    let revoking = thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        inbox.memory().revoked = true;
    });
    let start = Instant::now();
    get(door.addresses[0], &format!("/v1/proposals/{id}?wait=60")).is_problem(401, "not_paired");
    revoking.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_shutdown_ends_the_waits_that_are_open() {
    let mut door = Running::start();
    let id = door.inbox.put(State::Pending);
    let to = door.addresses[0];
    let mut stream = connect(to);
    write!(
        stream,
        "GET /v1/proposals/{id}?wait=60 HTTP/1.1\r\nHost: {to}\r\n{}\r\n\r\n",
        bearer()
    )
    .unwrap();
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    door.stop();
    assert!(start.elapsed() < Duration::from_secs(5));
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty());
}
