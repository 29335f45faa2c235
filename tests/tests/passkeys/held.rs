//! What was changed in the database after the signature, while the item was held.

use crate::ledger;
use crate::scene::{HOLD, Scene, delivered, notice};
use ma_tests::house::{House, mail};
use ma_tests::sink::{Fault, SmtpSink};
use serde_json::json;
use std::time::Duration;

const PARTS: [(&str, &str); 14] = [
    (
        "action",
        "UPDATE proposal SET action = CAST(replace(CAST(action AS TEXT), 'mara@', 'dana@') AS BLOB)",
    ),
    (
        "display",
        "UPDATE proposal SET display = CAST(replace(CAST(display AS TEXT), 'Friday', 'Monday') AS BLOB)",
    ),
    (
        "prepared",
        "UPDATE proposal SET prepared = CAST(replace(CAST(prepared AS TEXT), 'Friday', 'Monday') AS BLOB)",
    ),
    ("no prepared bytes", "UPDATE proposal SET prepared = NULL"),
    (
        "all three alike",
        "UPDATE proposal SET action = CAST(replace(CAST(action AS TEXT), 'Friday', 'Monday') AS BLOB), display = CAST(replace(CAST(display AS TEXT), 'Friday', 'Monday') AS BLOB), prepared = CAST(replace(CAST(prepared AS TEXT), 'Friday', 'Monday') AS BLOB)",
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
    (
        "agent",
        "UPDATE proposal SET agent = (SELECT id FROM agent WHERE name = 'Hermes')",
    ),
    (
        "the approval's place",
        "UPDATE proposal SET approval_seq = approval_seq - 1",
    ),
    ("no approval", "UPDATE proposal SET approval_seq = NULL"),
    (
        "the approval's time",
        "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = (SELECT approval_seq FROM proposal)",
    ),
    (
        "the proposal's entry",
        "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), 'email.send', 'email.look') AS BLOB) WHERE seq < (SELECT approval_seq FROM proposal) AND proposal IS NOT NULL",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_after_the_signature_does_not_leave() {
    for (part, sql) in PARTS {
        let scene = Scene::holding().await;
        let hermes = scene.house.agent("Hermes").await;
        scene.house.approve(&scene.id).await;
        assert_eq!(scene.agent.state(&scene.id).await, "held");
        scene.house.tamper(sql);
        if part == "agent" {
            // It is the other one's now.
            scene.house.clock_forward(HOLD + 1_000);
            assert_eq!(hermes.wait(&scene.id).await["state"], "failed");
            assert_eq!(delivered(&scene.house).await, 0);
        } else {
            scene.stopped(part).await;
        }
        assert_eq!(
            ledger::count(&scene.house.database(), "started"),
            0,
            "{part}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_shortens_the_time_to_undo() {
    let scene = Scene::holding().await;
    scene.house.approve(&scene.id).await;
    scene.house.tamper("UPDATE proposal SET leaves = 1");
    scene.house.engine.look_again();
    let end = scene.agent.wait(&scene.id).await;
    assert_eq!(end["outcome"]["code"], "stopped", "{end}");
    assert_eq!(delivered(&scene.house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_while_the_app_was_off_does_not_leave() {
    for (part, sql) in &PARTS[..9] {
        let mut scene = Scene::holding().await;
        scene.house.approve(&scene.id).await;
        scene.house.tamper(sql);
        scene = scene.restart().await;
        scene.stopped(part).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_was_changed_in_the_log_does_not_leave() {
    let scene = Scene::holding().await;
    scene.house.approve(&scene.id).await;
    let database = scene.house.database();
    let mut entries = ledger::entries(&database);
    let last = entries.last_mut().unwrap();
    let ma_core::Record::Approved { approval, .. } = &mut last.record else {
        panic!("the approval is the last entry")
    };
    approval.preimage.log_size = 1;
    // With hashes that fit: only the head that the app remembers tells.
    ledger::rewrite(&database, &entries);
    scene.house.clock_forward(HOLD + 1_000);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(notice(&scene.house, "stopped").await.is_some());
    assert_eq!(ledger::count(&database, "started"), 0);
    assert_eq!(delivered(&scene.house).await, 0);
    // Nothing can be written down after a log that is not ours, so everything is closed.
    assert!(notice(&scene.house, "sealed").await.is_some());
    assert_eq!(crate::scene::submit(&scene.agent).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_that_was_changed_after_the_signature_leaves_as_it_was_signed() {
    let scene = Scene::holding().await;
    let mut action = mail("mara@practice.test", "With a file");
    action["attachments"] = json!([
        {"name": "a.txt", "media_type": "text/plain", "content": "YWJj"}
    ]);
    let id = scene.agent.propose(action).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    scene.house.approve(&id).await;
    scene.house.tamper("UPDATE blob SET bytes = x'616264'");
    scene.house.clock_forward(HOLD + 1_000);
    assert_eq!(scene.agent.wait(&id).await["state"], "executed");
    let raw: Vec<u8> = rusqlite::Connection::open(scene.house.database())
        .unwrap()
        .query_row("SELECT raw FROM practice_mail", [], |row| row.get(0))
        .unwrap();
    let raw = String::from_utf8(raw).unwrap();
    assert!(raw.contains("YWJj"), "{raw}");
    assert!(!raw.contains("YWJk"), "{raw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_does_not_leave_through_another_account_than_the_one_that_was_shown() {
    let sink = SmtpSink::start(Fault::None).await;
    let scene = Scene::holding().await;
    let house = &scene.house;
    house
        .connect(
            SmtpSink::USER,
            sink.port,
            SmtpSink::USER,
            SmtpSink::PASSWORD,
        )
        .await;
    house.approve(&scene.id).await;
    house.tamper("UPDATE proposal SET account = (SELECT id FROM account WHERE kind = 'smtp')");
    scene.stopped("another account").await;
    assert_eq!(sink.messages(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_good_for_one_execution_whatever_the_state_says() {
    let sink = SmtpSink::start(Fault::None).await;
    let scene = Scene::holding().await;
    let house = &scene.house;
    house
        .connect(
            SmtpSink::USER,
            sink.port,
            SmtpSink::USER,
            SmtpSink::PASSWORD,
        )
        .await;
    let id = scene.agent.propose_mail("bob@example.org", "Once").await;
    house.approve(&id).await;
    house.clock_forward(HOLD + 1_000);
    assert_eq!(scene.agent.wait(&id).await["state"], "executed");
    assert_eq!(sink.messages().len(), 1);

    house.tamper(&format!(
        "UPDATE proposal SET state = 'held', leaves = 1 WHERE id = '{id}'"
    ));
    house.clock_forward(1);
    assert_eq!(scene.agent.wait(&id).await["state"], "failed");
    assert!(notice(house, "stopped").await.is_some());
    assert_eq!(sink.messages().len(), 1, "the same approval sent it twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_undone_sends_nothing_whatever_the_state_says() {
    let scene = Scene::holding().await;
    scene.house.approve(&scene.id).await;
    scene.house.engine.undo(&scene.id).await.unwrap();
    // Not even when the log's index is cleared, so that the entry is hard to find.
    scene.house.tamper(
        "UPDATE proposal SET state = 'held', leaves = 1;
         UPDATE log SET proposal = NULL WHERE seq = (SELECT max(seq) FROM log)",
    );
    scene.stopped("held again after an undo").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_holds_delays_a_mail_and_stops_nothing() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    house.approve(&id).await;
    let other = rusqlite::Connection::open(house.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Longer than the app waits for it.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(agent.state(&id).await, "held");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(agent.wait(&id).await["state"], "executed");
    assert_eq!(notice(&house, "schedule").await, None, "it was only busy");
}
