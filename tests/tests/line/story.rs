use ma_tests::house::{House, mail};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_is_approved_reaches_the_mailbox_and_its_receipt_holds() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let proposal = agent.propose(mail("mara@practice.test", "Friday")).await;
    assert_eq!(proposal["state"], "pending");
    assert!(
        proposal["next"].as_str().unwrap().contains("o not resend"),
        "{proposal}"
    );
    let id = proposal["id"].as_str().unwrap();

    let item = house.engine.item(id).await.unwrap();
    assert_eq!(json!(item.fingerprint), proposal["fingerprint"]);
    assert_eq!(item.broken, None);
    house.approve(id).await;
    assert_eq!(agent.state(id).await, "held");
    let end = agent.wait(id).await;
    assert_eq!(end["state"], "executed", "{end}");
    let message_id = end["outcome"]["reference"].as_str().unwrap();

    let practice = house.engine.practice().await.unwrap();
    let mara = practice
        .mailboxes
        .iter()
        .find(|m| m.address == "mara@practice.test")
        .unwrap();
    assert_eq!(mara.mails.len(), 1);
    assert_eq!(mara.mails[0].message_id, message_id);
    assert_eq!(mara.mails[0].subject.plain(), "Friday");

    let receipt = house.engine.receipt(id).await.unwrap();
    assert!(receipt.valid, "{:#?}", receipt.checks);
    let path = house
        .engine
        .export_receipt(id, &house.home.join("out"))
        .await
        .unwrap();
    let mut out = Vec::new();
    let code = ma_receipt::cli::run(&[path], &mut out, &mut Vec::new());
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&out));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_gives_the_agent_the_reason_and_the_way_on() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let waiting = {
        let (agent, id) = (agent.clone(), id.clone());
        tokio::spawn(async move { agent.wait(&id).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    house
        .engine
        .reject(&id, "Never promise a date")
        .await
        .unwrap();
    let end = waiting.await.unwrap();
    assert_eq!(end["state"], "rejected");
    assert_eq!(end["rejection"]["reason"], "Never promise a date");
    assert!(
        end["next"].as_str().unwrap().contains("o not resend"),
        "{end}"
    );

    let (status, revision) = agent
        .post(
            "/v1/proposals",
            &json!({"action": mail("mara@practice.test", "A day next week"), "reason": "revised", "revises": id}),
        )
        .await;
    assert_eq!(status, 202);
    assert_eq!(revision["revises"], json!(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_within_the_hold_brings_it_back_and_nothing_leaves() {
    let house = House::ready_with(ma_tests::house::Plan {
        hold: Duration::from_secs(30),
        ..Default::default()
    })
    .await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    house.approve(&id).await;
    assert_eq!(agent.state(&id).await, "held");
    house.engine.undo(&id).await.unwrap();
    assert_eq!(agent.state(&id).await, "pending");
    house.clock_forward(60_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(agent.state(&id).await, "pending");
    house.approve(&id).await;
    house.clock_forward(60_000);
    assert_eq!(agent.wait(&id).await["state"], "executed");
    let practice = house.engine.practice().await.unwrap();
    assert_eq!(practice.mailboxes[0].mails.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_again_is_the_same_proposal_while_it_is_open() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let first = agent.propose_mail("mara@practice.test", "Friday").await;
    assert_eq!(
        agent.propose_mail("mara@practice.test", "Friday").await,
        first
    );
    let other = house.agent("Hermes").await;
    assert_ne!(
        other.propose_mail("mara@practice.test", "Friday").await,
        first
    );
    house.engine.reject(&first, "no").await.unwrap();
    assert_ne!(
        agent.propose_mail("mara@practice.test", "Friday").await,
        first
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_nothing_of_another() {
    let house = House::ready().await;
    let (claude, hermes) = (house.agent("Claude").await, house.agent("Hermes").await);
    let id = claude.propose_mail("mara@practice.test", "Friday").await;
    assert_eq!(hermes.read(&format!("/v1/proposals/{id}")).await.0, 404);
    let (status, _) = hermes
        .post(&format!("/v1/proposals/{id}/withdraw"), &json!({}))
        .await;
    assert_eq!(status, 404);
    assert_eq!(hermes.read("/v1/proposals").await.1["proposals"], json!([]));
    assert_eq!(claude.state(&id).await, "pending");
}
