//! The whole database put back to an earlier moment.

use crate::ledger;
use crate::scene::{HOLD, Scene, delivered, notice};
use ma_tests::house::{House, Keychain, Plan};
use ma_tests::sink::{Fault, SmtpSink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Keeps a copy of the database as it is now.
fn keep(house: &House) -> PathBuf {
    let copy = house.home.join("copy.sqlite3");
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    connection
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    copy
}

/// Puts the copy in the place of the database.
fn put_back(copy: &Path, database: &Path) {
    for tail in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{tail}", database.display()));
    }
    std::fs::copy(copy, database).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_the_approval_seals() {
    let scene = Scene::holding().await;
    let copy = keep(&scene.house);
    scene.house.approve(&scene.id).await;
    let database = scene.house.database();
    let agent = scene.agent.clone();
    let (home, passkey) = scene.house.stop().await;
    put_back(&copy, &database);
    let house = House::at(home, Plan::default(), passkey).await;
    let text = notice(&house, "sealed").await.expect("sealed");
    assert!(text.contains("missing"), "{text}");
    assert_eq!(crate::scene::submit(&agent.at(&house)).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_the_mail_left_does_not_send_it_again() {
    let sink = SmtpSink::start(Fault::None).await;
    let scene = Scene::holding().await;
    scene
        .house
        .connect(
            SmtpSink::USER,
            sink.port,
            SmtpSink::USER,
            SmtpSink::PASSWORD,
        )
        .await;
    let id = scene.agent.propose_mail("bob@example.org", "Once").await;
    scene.house.approve(&id).await;
    let copy = keep(&scene.house);
    scene.house.clock_forward(HOLD + 1_000);
    assert_eq!(scene.agent.wait(&id).await["state"], "executed");
    assert_eq!(sink.messages().len(), 1);

    let database = scene.house.database();
    let (home, passkey) = scene.house.stop().await;
    put_back(&copy, &database);
    let house = House::at(home, Plan::default(), passkey).await;
    assert!(notice(&house, "sealed").await.is_some());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(
        sink.messages().len(),
        1,
        "an old copy of the database sent it twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_the_undo_does_not_send_it() {
    let scene = Scene::holding().await;
    scene.house.approve(&scene.id).await;
    let copy = keep(&scene.house);
    scene.house.engine.undo(&scene.id).await.unwrap();
    let database = scene.house.database();
    let (home, passkey) = scene.house.stop().await;
    put_back(&copy, &database);
    let house = House::at(home, Plan::default(), passkey).await;
    assert!(notice(&house, "sealed").await.is_some());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(delivered(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_after_an_approval_seals() {
    let scene = Scene::holding().await;
    let database = scene.house.database();
    let size = ledger::entries(&database).len() as u64;
    scene.house.approve(&scene.id).await;
    assert_eq!(ledger::entries(&database).len() as u64, size + 1);
    let (home, passkey) = scene.house.stop().await;
    ledger::cut(&database, size);
    let house = House::at(home, Plan::default(), passkey).await;
    let text = notice(&house, "sealed").await.expect("sealed");
    assert!(
        text.contains("entries that were there at the last approval are missing"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_hangs_holds_up_nothing_that_was_approved() {
    static FREE: AtomicBool = AtomicBool::new(false);
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let stuck = Plan {
        keychain: Keychain::Stuck(&FREE),
        ..Plan::default()
    };
    let house = house.restart_with(stuck).await;
    let agent = agent.at(&house);
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    house.approve(&id).await;
    let told = agent.wait(&id).await;
    FREE.store(true, Ordering::SeqCst);
    assert_eq!(told["state"], "executed");
}
