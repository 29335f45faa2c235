//! Bad input through the real door into the real engine, and keys and pauses behind it.

use ma_tests::house::{Agent, House, Plan, mail};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::time::Duration;
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
