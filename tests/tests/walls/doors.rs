//! Bad input through the real door into the real engine, and keys and pauses behind it.

use ma_tests::house::{Agent, House, Plan, mail};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A house with a passkey and an agent, whose door counts no requests.
pub async fn house() -> (House, Agent) {
    house_of(Plan::default()).await
}

pub async fn house_of(plan: Plan) -> (House, Agent) {
    let many = NonZeroU32::new(1_000_000).unwrap();
    let house = House::ready_with(Plan {
        door: ma_api::Limits {
            requests_per_second: many,
            requests_burst: many,
            guesses_per_minute: many,
            ..ma_api::Limits::default()
        },
        ..plan
    })
    .await;
    let agent = house.agent("Claude").await;
    (house, agent)
}

pub async fn log_size(house: &House) -> u64 {
    house.engine.settings().await.unwrap().log_size
}

pub async fn delivered(house: &House) -> usize {
    let practice = house.engine.practice().await.unwrap();
    practice.mailboxes.iter().map(|m| m.mails.len()).sum()
}

/// Posts these bytes; the answer has to be a problem. Nothing may be stored by it.
pub async fn refused(
    house: &House,
    agent: &Agent,
    body: Vec<u8>,
    status: u16,
    code: &str,
) -> Value {
    let before = log_size(house).await;
    let response = house
        .http
        .post(format!("{}/v1/proposals", house.door()))
        .bearer_auth(&agent.token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    let (got, kind) = (
        response.status().as_u16(),
        response.headers()["content-type"].clone(),
    );
    let problem: Value = response.json().await.unwrap();
    assert_eq!((got, &problem["code"]), (status, &json!(code)), "{problem}");
    is_problem(&problem, kind.to_str().unwrap());
    assert_eq!(
        log_size(house).await,
        before,
        "something was stored: {problem}"
    );
    problem
}

/// A code, a sentence and a next step, in the media type of RFC 9457.
pub fn is_problem(problem: &Value, kind: &str) {
    assert_eq!(kind, "application/problem+json");
    let text = |part: &str| problem[part].as_str().unwrap_or_default().to_owned();
    assert!(
        !text("code").is_empty() && !text("code").contains(' '),
        "{problem}"
    );
    for part in ["detail", "next"] {
        assert!(
            text(part).trim_end().ends_with(['.', '?']),
            "{part}: {problem}"
        );
        assert!(text(part).len() >= 8, "{part}: {problem}");
    }
    assert!(
        problem["status"].is_u64() && problem["title"].is_string(),
        "{problem}"
    );
}

/// The next good proposal is taken.
pub async fn still_open(agent: &Agent) {
    let proposal = agent
        .propose(mail("mara@practice.test", "A good one"))
        .await;
    assert_eq!(proposal["state"], "pending");
}

pub fn proposal(action: &Value) -> Vec<u8> {
    json!({"action": action, "reason": "you asked me to"})
        .to_string()
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_broken_is_refused_and_nothing_is_stored() {
    let (house, agent) = house().await;
    let good = proposal(&mail("mara@practice.test", "Friday"));
    for cut in (0..good.len()).step_by(7) {
        refused(&house, &agent, good[..cut].to_vec(), 400, "cut_off_json").await;
    }
    // Depth is skipped without recursion: it costs no stack, whether it is closed or not.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for place in [
            "{\"more\":",
            "{\"action\":{\"type\":\"email.send\",\"more\":",
        ] {
            let deep = format!("{place}{}", open.repeat(100_000));
            refused(&house, &agent, deep.into_bytes(), 400, "cut_off_json").await;
            let good = String::from_utf8(good.clone()).unwrap();
            let inside = format!("{}1{},", open.repeat(100_000), close.repeat(100_000));
            let deep = good.replacen("{\"", &format!("{{\"more\":{inside}\""), 1);
            refused(&house, &agent, deep.into_bytes(), 400, "unknown_field").await;
        }
    }
    refused(
        &house,
        &agent,
        [&good[..], b"{}"].concat(),
        400,
        "malformed_json",
    )
    .await;
    refused(&house, &agent, b"[]".to_vec(), 400, "wrong_type").await;
    refused(&house, &agent, b"null".to_vec(), 400, "wrong_type").await;
    refused(
        &house,
        &agent,
        b"{\"action\": tru}".to_vec(),
        400,
        "malformed_json",
    )
    .await;
    let latin = String::from_utf8(good.clone())
        .unwrap()
        .replace("Friday", "Fr*day");
    let latin = latin
        .into_bytes()
        .into_iter()
        .map(|b| if b == b'*' { 0xe9 } else { b });
    refused(&house, &agent, latin.collect(), 400, "not_utf_8").await;
    let surrogate = String::from_utf8(good)
        .unwrap()
        .replace("Friday", "\\ud800");
    refused(
        &house,
        &agent,
        surrogate.into_bytes(),
        400,
        "malformed_json",
    )
    .await;
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_is_refused_and_nothing_is_stored() {
    let (house, agent) = house().await;
    let before = log_size(&house).await;
    let body = proposal(&mail("mara@practice.test", "Friday"));
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", house.agent_port))
        .await
        .unwrap();
    let head = format!(
        "POST /v1/proposals HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        house.agent_port,
        agent.token,
        body.len() + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(!answer.contains(" 202 "), "{answer}");
    assert_eq!(log_size(&house).await, before);
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_and_nothing_is_stored() {
    let (house, agent) = house().await;
    let attached = |bytes: usize| {
        let mut action = mail("mara@practice.test", "Friday");
        action["attachments"] = json!([{
            "name": "a.bin",
            "media_type": "application/octet-stream",
            "content": "A".repeat(bytes.div_ceil(3) * 4),
        }]);
        proposal(&action)
    };
    refused(
        &house,
        &agent,
        attached(17 << 20),
        400,
        "attachments_too_large",
    )
    .await;
    let mut action = mail("mara@practice.test", "Friday");
    action["text"] = json!("a".repeat((1 << 20) + 1));
    refused(&house, &agent, proposal(&action), 400, "too_long").await;

    // 30 MB are refused by the head alone: nothing of them is read.
    let before = log_size(&house).await;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", house.agent_port))
        .await
        .unwrap();
    let head = format!(
        "POST /v1/proposals HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        house.agent_port,
        agent.token,
        attached(30_000_000).len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer[..read.unwrap().unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");
    assert_eq!(log_size(&house).await, before);
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_51st_proposal_waits_until_there_is_room() {
    let (house, agent) = house().await;
    let mut ids = Vec::new();
    for n in 0..50 {
        ids.push(
            agent
                .propose_mail("mara@practice.test", &format!("Mail {n}"))
                .await,
        );
    }
    let one_more = proposal(&mail("mara@practice.test", "Mail 50"));
    let problem = refused(&house, &agent, one_more, 429, "too_many_pending").await;
    assert!(
        problem["detail"].as_str().unwrap().contains("50"),
        "{problem}"
    );
    // The same content again is no new proposal, and another agent has room of its own.
    assert_eq!(
        agent.propose_mail("mara@practice.test", "Mail 7").await,
        ids[7]
    );
    let other = house.agent("Hermes").await;
    still_open(&other).await;
    let path = format!("/v1/proposals/{}/withdraw", ids[0]);
    assert_eq!(agent.post(&path, &json!({})).await.0, 200);
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_at_once_also_for_a_request_that_waits() {
    let (house, agent) = house().await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let waiting = {
        let (agent, id) = (agent.clone(), id.clone());
        tokio::spawn(async move { agent.read(&format!("/v1/proposals/{id}?wait=60")).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    let whose = house.engine.settings().await.unwrap().agents[0].id.clone();
    let revoked = Instant::now();
    house.engine.revoke_agent(&whose).await.unwrap();
    let (status, problem) = tokio::time::timeout(Duration::from_secs(1), waiting)
        .await
        .expect("the wait ends within a second")
        .unwrap();
    assert!(revoked.elapsed() < Duration::from_secs(1));
    assert_eq!((status, &problem["code"]), (401, &json!("not_paired")));
    for path in [
        "/v1/proposals",
        "/v1/connections",
        &format!("/v1/proposals/{id}"),
    ] {
        assert_eq!(agent.read(path).await.0, 401, "{path}");
    }
    refused(
        &house,
        &agent,
        proposal(&mail("mara@practice.test", "Later")),
        401,
        "not_paired",
    )
    .await;
    let house = house.restart().await;
    assert_eq!(
        agent.at(&house).read("/v1/proposals").await.0,
        401,
        "after a restart"
    );
    assert_eq!(house.engine.snapshot().await.unwrap().agents, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_after_its_time() {
    let (house, agent) = house().await;
    house.clock_forward(91 * 24 * 3600 * 1000);
    assert_eq!(agent.read("/v1/proposals").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_paused_nothing_comes_in_and_nothing_leaves() {
    let (house, agent) = house_of(Plan {
        hold: Duration::from_secs(5),
        ..Plan::default()
    })
    .await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    house.approve(&id).await;
    house.engine.set_paused(true).await.unwrap();
    let later = proposal(&mail("mara@practice.test", "Later"));
    refused(&house, &agent, later.clone(), 503, "agents_paused").await;
    house.clock_forward(3_600_000);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(agent.state(&id).await, "held");
    assert_eq!(delivered(&house).await, 0);
    // It stays paused over a restart.
    let house = house.restart().await;
    let agent = agent.at(&house);
    refused(&house, &agent, later, 503, "agents_paused").await;
    house.clock_forward(7_200_000);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(delivered(&house).await, 0);

    house.engine.set_paused(false).await.unwrap();
    assert_eq!(agent.state(&id).await, "held", "the hold starts anew");
    house.clock_forward(6_000);
    assert_eq!(agent.wait(&id).await["state"], "executed");
    assert_eq!(delivered(&house).await, 1);
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_nobody_decides_expires() {
    let (house, agent) = house().await;
    let usual = agent.propose_mail("mara@practice.test", "Friday").await;
    let body =
        json!({"action": mail("mara@practice.test", "Soon"), "reason": "r", "expires_in": 60});
    let (_, soon) = agent.post("/v1/proposals", &body).await;
    let soon = soon["id"].as_str().unwrap();
    house.clock_forward(61_000);
    assert_eq!(agent.wait(soon).await["state"], "expired");
    assert_eq!(agent.state(&usual).await, "pending");
    house.clock_forward(3 * 24 * 3_600_000);
    assert_eq!(agent.wait(&usual).await["state"], "expired");
    let refusal = house.engine.begin_approval(&usual).await.unwrap_err();
    assert_eq!(refusal.code, "wrong_state");
    assert_eq!(delivered(&house).await, 0);
    for wrong in [
        json!(59),
        json!(2_592_001),
        json!(-1),
        json!("60"),
        json!(1.5),
    ] {
        let body =
            json!({"action": mail("mara@practice.test", "A"), "reason": "r", "expires_in": wrong});
        assert_eq!(agent.post("/v1/proposals", &body).await.0, 400, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_expired_while_its_page_was_open_is_not_approved() {
    let (house, agent) = house().await;
    let body =
        json!({"action": mail("mara@practice.test", "Soon"), "reason": "r", "expires_in": 60});
    let (_, soon) = agent.post("/v1/proposals", &body).await;
    let id = soon["id"].as_str().unwrap();
    let page = house.approval_page(id).await;
    house.clock_forward(61_000);
    assert_eq!(agent.wait(id).await["state"], "expired");
    let (status, refusal) = house.gesture(&page).await;
    assert_eq!((status, &refusal["code"]), (403, &json!("changed")));
    assert_eq!(delivered(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_taken_back_can_neither_be_approved_nor_taken_back_again() {
    let (house, agent) = house().await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let path = format!("/v1/proposals/{id}/withdraw");
    assert_eq!(agent.post(&path, &json!({})).await.1["state"], "withdrawn");
    let (status, problem) = agent.post(&path, &json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("wrong_state")));
    assert_eq!(
        house.engine.begin_approval(&id).await.unwrap_err().code,
        "wrong_state"
    );
    assert_eq!(
        house.engine.undo(&id).await.unwrap_err().code,
        "wrong_state"
    );
    assert_eq!(delivered(&house).await, 0);

    let held = agent.propose_mail("mara@practice.test", "Saturday").await;
    house.approve(&held).await;
    let path = format!("/v1/proposals/{held}/withdraw");
    assert_eq!(
        agent.post(&path, &json!({})).await.0,
        409,
        "the person decided already"
    );
}
