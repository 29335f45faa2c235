//! Keys, pauses and times: what ends, and what waits.

use crate::doors::{delivered, house, house_of, proposal, refused, still_open};
use ma_tests::house::{Plan, mail};
use serde_json::json;
use std::time::{Duration, Instant};

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
