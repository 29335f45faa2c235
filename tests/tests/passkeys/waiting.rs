//! What was changed in the database before anybody signed.

use crate::ledger;
use crate::scene::{HOLD, Scene, delivered, notice, refused};
use ma_tests::house::mail;
use serde_json::json;

/// Each stored part of a proposal, and how somebody outside would change it.
const PARTS: [(&str, &str); 12] = [
    (
        "action",
        "UPDATE proposal SET action = CAST(replace(CAST(action AS TEXT), 'mara@', 'dana@') AS BLOB)",
    ),
    (
        "display",
        "UPDATE proposal SET display = CAST(replace(CAST(display AS TEXT), 'Friday', 'Monday') AS BLOB)",
    ),
    (
        "both alike",
        "UPDATE proposal SET action = CAST(replace(CAST(action AS TEXT), 'Friday', 'Monday') AS BLOB), display = CAST(replace(CAST(display AS TEXT), 'Friday', 'Monday') AS BLOB)",
    ),
    ("digest", "UPDATE proposal SET digest = zeroblob(32)"),
    (
        "action_sha256",
        "UPDATE proposal SET action_sha256 = zeroblob(32)",
    ),
    (
        "display_sha256",
        "UPDATE proposal SET display_sha256 = zeroblob(32)",
    ),
    ("account", "UPDATE proposal SET account = 'elsewhere'"),
    ("verb", "UPDATE proposal SET verb = 'email.look'"),
    ("expires", "UPDATE proposal SET expires = expires + 1000000"),
    (
        "proposed",
        "UPDATE proposal SET proposed = proposed - 1000000",
    ),
    (
        "its log entry",
        "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), 'email.send', 'email.look') AS BLOB) WHERE proposal IS NOT NULL",
    ),
    ("whose entry it is", "UPDATE log SET proposal = NULL"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_changed_outside_is_marked_and_cannot_be_approved() {
    for (part, sql) in PARTS {
        let scene = Scene::new().await;
        assert_eq!(
            scene.house.engine.item(&scene.id).await.unwrap().broken,
            None
        );
        scene.house.tamper(sql);
        let item = scene.house.engine.item(&scene.id).await.unwrap();
        assert!(item.broken.is_some(), "{part}");
        let refusal = scene
            .house
            .engine
            .begin_approval(&scene.id)
            .await
            .unwrap_err();
        assert_eq!(refusal.code, "changed_outside", "{part}");
        assert!(
            notice(&scene.house, "changed_outside").await.is_some(),
            "{part}"
        );
        scene.nothing_approved().await;
        // The others are not taken along, and it can still be put away.
        scene
            .house
            .engine
            .reject(&scene.id, "it was changed")
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_changed_while_its_page_was_open_is_not_approved() {
    for (part, sql) in &PARTS[..10] {
        let scene = Scene::new().await;
        let page = scene.house.approval_page(&scene.id).await;
        scene.house.tamper(sql);
        let answer = scene.house.gesture(&page).await;
        refused(&answer, "changed", part);
        assert!(
            notice(&scene.house, "changed_outside").await.is_some(),
            "{part}"
        );
        scene.nothing_approved().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_that_was_changed_outside_cannot_be_approved() {
    let scene = Scene::new().await;
    let mut action = mail("mara@practice.test", "With a file");
    action["attachments"] = json!([
        {"name": "a.txt", "media_type": "text/plain", "content": "YWJj"}
    ]);
    let proposal = scene.agent.propose(action).await;
    let id = proposal["id"].as_str().unwrap();
    scene.house.tamper("UPDATE blob SET bytes = x'616264'");
    let refusal = scene.house.engine.begin_approval(id).await.unwrap_err();
    assert_eq!(refusal.code, "database_changed");
    assert!(refusal.message.contains("a.txt"), "{refusal:?}");
    assert_eq!(scene.agent.state(id).await, "pending");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_set_by_hand_sends_nothing() {
    let scene = Scene::holding().await;
    scene
        .house
        .tamper("UPDATE proposal SET state = 'held', leaves = 1");
    scene.stopped("held without an approval").await;

    let scene = Scene::holding().await;
    scene.house.tamper(
        "UPDATE proposal SET state = 'held', leaves = 1, approval_seq = 1, prepared = x'41'",
    );
    scene.stopped("held by another entry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approval_of_another_proposal_sends_nothing() {
    let scene = Scene::holding().await;
    let other = scene.another().await;
    scene.house.approve(&other).await;
    scene.house.tamper(&format!(
        "UPDATE proposal SET state = 'held', leaves = 1,
           approval_seq = (SELECT approval_seq FROM proposal WHERE id = '{other}'),
           prepared = (SELECT prepared FROM proposal WHERE id = '{other}')
         WHERE id = '{}'",
        scene.id
    ));
    // The other one is still on its own hold: only the forged one is looked at.
    scene.house.clock_forward(1);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "failed");
    assert!(notice(&scene.house, "stopped").await.is_some());
    assert_eq!(delivered(&scene.house).await, 0);
    scene.house.clock_forward(HOLD + 1_000);
    assert_eq!(scene.agent.wait(&other).await["state"], "executed");
    assert_eq!(delivered(&scene.house).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_changed_while_the_app_runs_is_never_signed_again() {
    let scene = Scene::new().await;
    let database = scene.house.database();
    let checkpoint = || {
        let connection = rusqlite::Connection::open(&database).unwrap();
        let sql = "SELECT max(size) FROM checkpoint";
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let before = checkpoint();
    let mut entries = ledger::entries(&database);
    entries.last_mut().unwrap().at += 1;
    ledger::rewrite(&database, &entries);
    let (status, body) = crate::scene::submit(&scene.agent).await;
    assert!(status >= 500, "{body}");
    assert_eq!(
        checkpoint(),
        before,
        "no checkpoint over a log that somebody else wrote"
    );
    assert_eq!(ledger::entries(&database).len(), entries.len());
}
