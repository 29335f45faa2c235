//! Answers that are good, but for something else.

use crate::scene::{Scene, delivered, refused};
use ma_tests::authenticator::{Knobs, Signing};
use ma_tests::house::House;
use serde_json::Value;

/// What the finger would answer to this page, without sending it.
fn signed(house: &House, page: &Value) -> Value {
    signed_with(house, page, &Knobs::honest(&house.origin()))
}

fn signed_with(house: &House, page: &Value, knobs: &Knobs) -> Value {
    house
        .passkey
        .lock()
        .unwrap()
        .get(&page["ask"]["options"], knobs)
}

fn other_challenge(answer: &(u16, Value), why: &str) {
    refused(answer, "not_confirmed", why);
    let said = answer.1["message"].as_str().unwrap();
    assert!(
        said.contains("for something else than what was asked"),
        "{why}: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_one_proposal_does_not_approve_another() {
    let scene = Scene::new().await;
    let other = scene.another().await;
    let first = scene.house.approval_page(&scene.id).await;
    let for_the_first = signed(&scene.house, &first);
    let second = scene.house.approval_page(&other).await;
    let answer = scene.house.finish(&second["secret"], &for_the_first).await;
    other_challenge(&answer, "A's signature on B's page");
    assert_eq!(scene.agent.state(&other).await, "pending");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_another_ceremony_is_not_taken() {
    let scene = Scene::new().await;
    let other = scene.another().await;
    let first = scene.house.approval_page(&scene.id).await;
    let second = scene.house.approval_page(&other).await;
    let for_the_second = signed(&scene.house, &second);
    for secret in [first["secret"].clone(), "".into(), "A".repeat(43).into()] {
        let answer = scene.house.finish(&secret, &for_the_second).await;
        refused(&answer, "ceremony_over", "a secret that is not this page's");
    }
    assert_eq!(scene.agent.state(&other).await, "pending");
    scene.nothing_approved().await;
    // A stranger's guess does not end the person's page.
    assert_eq!(
        scene
            .house
            .finish(&second["secret"], &for_the_second)
            .await
            .0,
        200
    );
    assert_eq!(scene.agent.wait(&other).await["state"], "executed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_a_proposal_connects_no_agent() {
    let scene = Scene::new().await;
    let asked = scene.house.ask_to_pair("Hermes").await;
    let approval = scene.house.approval_page(&scene.id).await;
    let for_the_approval = signed(&scene.house, &approval);
    scene
        .house
        .engine
        .begin_pairing(&asked.pairing)
        .await
        .unwrap();
    let pairing = scene.house.open(&scene.house.opened()).await.unwrap();
    let answer = scene
        .house
        .finish(&pairing["secret"], &for_the_approval)
        .await;
    other_challenge(&answer, "an approval as a pairing");
    assert_eq!(asked.agent.read("/v1/proposals").await.0, 401);
    assert_eq!(scene.house.engine.snapshot().await.unwrap().agents, 1);
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_connects_an_agent_approves_no_proposal() {
    let scene = Scene::new().await;
    let asked = scene.house.ask_to_pair("Hermes").await;
    scene
        .house
        .engine
        .begin_pairing(&asked.pairing)
        .await
        .unwrap();
    let pairing = scene.house.open(&scene.house.opened()).await.unwrap();
    let for_the_pairing = signed(&scene.house, &pairing);
    let approval = scene.house.approval_page(&scene.id).await;
    let answer = scene
        .house
        .finish(&approval["secret"], &for_the_pairing)
        .await;
    other_challenge(&answer, "a pairing as an approval");
    scene.nothing_approved().await;
    assert_eq!(asked.agent.read("/v1/proposals").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answer_twice_counts_once() {
    let scene = Scene::holding().await;
    let page = scene.house.approval_page(&scene.id).await;
    let answer = signed(&scene.house, &page);
    assert_eq!(scene.house.finish(&page["secret"], &answer).await.0, 200);
    let again = scene.house.finish(&page["secret"], &answer).await;
    refused(&again, "ceremony_over", "the same answer again");
    assert_eq!(crate::ledger::count(&scene.house.database(), "approved"), 1);
    assert_eq!(delivered(&scene.house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_answers_at_once_count_once() {
    let scene = Scene::holding().await;
    let page = scene.house.approval_page(&scene.id).await;
    let answer = signed(&scene.house, &page);
    let tries = (0..8).map(|_| scene.house.finish(&page["secret"], &answer));
    let taken = futures(tries)
        .await
        .into_iter()
        .filter(|(status, _)| *status == 200)
        .count();
    assert_eq!(taken, 1);
    assert_eq!(crate::ledger::count(&scene.house.database(), "approved"), 1);
}

/// Runs them side by side.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_an_earlier_ceremony_does_not_approve_after_an_undo() {
    let scene = Scene::holding().await;
    let page = scene.house.approval_page(&scene.id).await;
    let old = signed(&scene.house, &page);
    assert_eq!(scene.house.finish(&page["secret"], &old).await.0, 200);
    scene.house.engine.undo(&scene.id).await.unwrap();
    let page = scene.house.approval_page(&scene.id).await;
    let answer = scene.house.finish(&page["secret"], &old).await;
    other_challenge(&answer, "an old signature for the same proposal");
    assert_eq!(scene.agent.state(&scene.id).await, "pending");
    assert_eq!(crate::ledger::count(&scene.house.database(), "approved"), 1);
    assert_eq!(delivered(&scene.house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twin_of_a_signature_is_not_a_second_approval() {
    let scene = Scene::holding().await;
    let page = scene.house.approval_page(&scene.id).await;
    let good = signed(&scene.house, &page);
    let mut knobs = Knobs::honest(&scene.house.origin());
    knobs.counter = Some(scene.house.passkey.lock().unwrap().counter());
    knobs.signing = Signing::Twin;
    let twin = signed_with(&scene.house, &page, &knobs);
    assert_ne!(good["response"]["signature"], twin["response"]["signature"]);
    assert_eq!(
        good["response"]["authenticatorData"],
        twin["response"]["authenticatorData"]
    );

    assert_eq!(scene.house.finish(&page["secret"], &good).await.0, 200);
    let answer = scene.house.finish(&page["secret"], &twin).await;
    refused(&answer, "ceremony_over", "the twin after the signature");
    scene.house.engine.undo(&scene.id).await.unwrap();
    let page = scene.house.approval_page(&scene.id).await;
    let answer = scene.house.finish(&page["secret"], &twin).await;
    other_challenge(&answer, "the twin on a new page");
    assert_eq!(crate::ledger::count(&scene.house.database(), "approved"), 1);
    assert_eq!(delivered(&scene.house).await, 0);
}
