//! The one-time link, its time, and the log that it commits to.

use crate::ledger;
use crate::scene::{Scene, notice, refused};
use ma_core::Record;
use serde_json::Value;

/// The length of a ceremony.
const CEREMONY: i64 = 180_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_opened_twice_is_void_for_both() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    let (status, text) = scene.house.open(&scene.house.opened()).await.unwrap_err();
    assert_eq!(status, 410);
    assert!(text.contains("no longer works"), "{text}");
    assert!(!text.contains("<script"), "{text}");
    assert!(notice(&scene.house, "link_opened_twice").await.is_some());
    assert!(
        scene
            .house
            .engine
            .snapshot()
            .await
            .unwrap()
            .ceremony
            .is_none()
    );
    let answer = scene.house.gesture(&page).await;
    refused(&answer, "ceremony_over", "the first page's answer");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_opened_twice_at_the_same_moment_is_void_for_both() {
    let scene = Scene::new().await;
    for _ in 0..40 {
        scene.house.engine.begin_approval(&scene.id).await.unwrap();
        let url = scene.house.opened();
        let token = url.rsplit('/').next().unwrap().to_owned();
        let engine = &scene.house.engine;
        let open = || {
            let (engine, token) = (engine.clone(), token.clone());
            tokio::spawn(async move { engine.open_page(&token).await })
        };
        let (one, two) = (open(), open());
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        assert!(one.is_err() || two.is_err(), "one link, one page");
        for page in [one, two].into_iter().flatten() {
            let page = serde_json::to_value(page).unwrap();
            let answer = scene.house.gesture(&page).await;
            refused(
                &answer,
                "ceremony_over",
                "the page that was first by a hair",
            );
        }
        assert!(notice(&scene.house, "link_opened_twice").await.is_some());
        scene
            .house
            .engine
            .dismiss("link_opened_twice")
            .await
            .unwrap();
    }
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_link_also_ends_a_later_ceremony() {
    let scene = Scene::new().await;
    scene.house.approval_page(&scene.id).await;
    let old = scene.house.opened();
    let page = scene.house.approval_page(&scene.id).await;
    assert_eq!(scene.house.open(&old).await.unwrap_err().0, 410);
    assert!(notice(&scene.house, "link_opened_twice").await.is_some());
    let answer = scene.house.gesture(&page).await;
    refused(&answer, "ceremony_over", "after somebody used an old link");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_never_was_raises_no_alarm_and_ends_nothing() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    for token in ["A", &"A".repeat(43), "..%2fpage.js", &"x".repeat(3000)] {
        let url = format!("{}/c/{token}", scene.house.origin());
        assert_eq!(scene.house.open(&url).await.unwrap_err().0, 410, "{token}");
    }
    assert_eq!(notice(&scene.house, "link_opened_twice").await, None);
    assert_eq!(scene.house.gesture(&page).await.0, 200);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_replaced_before_it_was_opened_is_dead() {
    let scene = Scene::new().await;
    scene.house.engine.begin_approval(&scene.id).await.unwrap();
    let old = scene.house.opened();
    let page = scene.house.approval_page(&scene.id).await;
    assert_eq!(scene.house.open(&old).await.unwrap_err().0, 410);
    assert_eq!(scene.house.gesture(&page).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_opened_too_late_shows_nothing() {
    let scene = Scene::new().await;
    scene.house.engine.begin_approval(&scene.id).await.unwrap();
    scene.house.clock_forward(CEREMONY + 1_000);
    let (status, text) = scene.house.open(&scene.house.opened()).await.unwrap_err();
    assert_eq!(status, 410);
    assert!(!text.contains("challenge"), "{text}");
    assert!(
        scene
            .house
            .engine
            .snapshot()
            .await
            .unwrap()
            .ceremony
            .is_none()
    );
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_is_refused() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    scene.house.clock_forward(CEREMONY + 1_000);
    let answer = scene.house.gesture(&page).await;
    refused(&answer, "ceremony_over", "after its time");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_before_the_clock_was_set_back_is_refused() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    scene.house.clock_forward(-60_000);
    let answer = scene.house.gesture(&page).await;
    refused(&answer, "not_confirmed", "signed before it was issued");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_cancelled_takes_no_answer() {
    let scene = Scene::new().await;
    for by_the_window in [true, false] {
        let page = scene.house.approval_page(&scene.id).await;
        if by_the_window {
            scene.house.engine.cancel_ceremony().await.unwrap();
        } else {
            scene.house.engine.cancel_page("not its secret").await;
            assert!(
                scene
                    .house
                    .engine
                    .snapshot()
                    .await
                    .unwrap()
                    .ceremony
                    .is_some()
            );
            scene
                .house
                .engine
                .cancel_page(page["secret"].as_str().unwrap())
                .await;
        }
        let answer = scene.house.gesture(&page).await;
        refused(&answer, "ceremony_over", "after it was cancelled");
    }
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_taken_back_meanwhile_is_not_approved() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    let path = format!("/v1/proposals/{}/withdraw", scene.id);
    assert_eq!(scene.agent.post(&path, &serde_json::json!({})).await.0, 200);
    let answer = scene.house.gesture(&page).await;
    refused(&answer, "changed", "withdrawn while the page was open");
    assert_eq!(scene.agent.state(&scene.id).await, "withdrawn");
    assert_eq!(ledger::count(&scene.house.database(), "approved"), 0);
}

/// Rewrites the log underneath an open page; the page's answer has to be refused.
async fn rewritten(why: &str, change: impl FnOnce(&Scene)) -> (u16, Value) {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    change(&scene);
    let answer = scene.house.gesture(&page).await;
    assert_eq!(answer.0, 403, "{why}: {answer:?}");
    scene.nothing_approved().await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_under_the_page_is_refused() {
    let answer = rewritten("another time in an entry", |scene| {
        let database = scene.house.database();
        let mut entries = ledger::entries(&database);
        entries.last_mut().unwrap().at += 1;
        ledger::rewrite(&database, &entries);
    })
    .await;
    assert_eq!(answer.1["code"], "not_confirmed", "{answer:?}");
    let answer = rewritten("a shorter log", |scene| {
        let database = scene.house.database();
        let entries = ledger::entries(&database);
        let kept: Vec<_> = entries
            .into_iter()
            .filter(|e| !matches!(e.record, Record::AgentPaired { .. }))
            .collect();
        ledger::rewrite(&database, &kept);
    })
    .await;
    assert!(
        ["not_confirmed", "database_changed"]
            .iter()
            .any(|c| answer.1["code"] == *c),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grew_meanwhile_is_fine() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    scene.another().await;
    scene.house.ask_to_pair("Hermes").await;
    scene.house.engine.set_paused(true).await.unwrap();
    scene.house.engine.set_paused(false).await.unwrap();
    assert_eq!(scene.house.gesture(&page).await.0, 200);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
    assert!(scene.house.engine.receipt(&scene.id).await.unwrap().valid);
}
