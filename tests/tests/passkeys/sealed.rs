//! A start on data that cannot be trusted: everything is closed, and the person is told.

use crate::ledger;
use crate::scene::{Scene, delivered, notice, submit};
use ma_core::{Credential, LogEntry, Record, RegistrationRecord};
use ma_engine::view::AccountForm;
use ma_receipt::base64url;
use ma_tests::authenticator::{Knobs, SoftPasskey};
use ma_tests::house::{House, Keychain, Plan};
use serde_json::json;
use std::path::Path;

/// Stops the app, does that to its home, starts it again: it has to be sealed.
async fn seals_after(scene: Scene, why: &str, change: impl FnOnce(&Path, &Path)) -> String {
    let database = scene.house.database();
    let Scene { house, agent, id } = scene;
    let (home, passkey) = house.stop().await;
    change(&database, &home.join("keychain").join("secrets"));
    let house = House::at(home, Plan::default(), passkey).await;
    let agent = agent.at(&house);
    let text = sealed(&house, why).await;
    let refusal = house.engine.begin_approval(&id).await.unwrap_err();
    assert!(
        ["sealed", "changed_outside"].contains(&refusal.code.as_str()),
        "{why}: {refusal:?}"
    );
    let (status, body) = submit(&agent).await;
    assert_eq!(
        (status, &body["code"]),
        (503, &json!("sealed")),
        "{why}: {body}"
    );
    assert_eq!(ledger::count(&database, "approved"), 0, "{why}");
    assert_eq!(delivered(&house).await, 0, "{why}");
    text
}

/// It is sealed. Gives its words.
async fn sealed(house: &House, why: &str) -> String {
    let snapshot = house.engine.snapshot().await.unwrap();
    let notice = snapshot.notices.iter().find(|n| n.code == "sealed");
    let notice = notice.unwrap_or_else(|| panic!("{why}: {:?}", snapshot.notices));
    assert!(!notice.dismissable, "{why}");
    house.engine.dismiss("sealed").await.unwrap();
    let refusal = house.engine.begin_enrolment("Another").await.unwrap_err();
    assert_eq!(refusal.code, "sealed", "{why}");
    let hello = format!("{}/v1/pairings", house.door());
    let asked = json!({"name": "Hermes", "key_sha256": "0".repeat(64)});
    let answer = house.http.post(hello).json(&asked).send().await.unwrap();
    assert_eq!(answer.status(), 503, "{why}");
    notice.text.clone()
}

/// A passkey of a stranger, as its entry in the log would be.
async fn strangers_entry(scene: &Scene, signed: bool) -> LogEntry {
    let house = &scene.house;
    let mut stranger = SoftPasskey::new();
    house.engine.begin_enrolment("Stranger").await.unwrap();
    let page = house.open(&house.opened()).await.unwrap();
    let answer = stranger.create(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    house.engine.cancel_ceremony().await.unwrap();
    let entries = ledger::entries(&house.database());
    let own = entries.iter().find_map(|e| {
        let Record::PasskeyEnrolled { credential, .. } = &e.record else {
            return None;
        };
        Some(credential.clone())
    });
    let by = entries.iter().find_map(|e| {
        let Record::AgentPaired { by, .. } = &e.record else {
            return None;
        };
        Some(by.clone())
    });
    let mut passkey = own.unwrap().passkey;
    passkey["cred"]["cred_id"] = json!(base64url(stranger.id()));
    let text = |name: &str| answer["response"][name].as_str().unwrap().to_owned();
    LogEntry::new(
        entries.last().unwrap().at,
        Record::PasskeyEnrolled {
            credential: Credential {
                id: base64url(stranger.id()),
                label: "Stranger".to_owned(),
                passkey,
                transports: Vec::new(),
                backup_eligible: false,
            },
            registration: RegistrationRecord {
                attestation_object: text("attestationObject"),
                client_data_json: text("clientDataJSON"),
            },
            by: if signed { by } else { None },
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_written_into_the_log_by_hand_seals() {
    for signed in [false, true] {
        for hashes in [false, true] {
            let scene = Scene::new().await;
            let entry = strangers_entry(&scene, signed).await;
            let why = format!("with an old signature: {signed}, with hashes: {hashes}");
            let text = seals_after(scene, &why, |database, _| {
                if hashes {
                    let mut entries = ledger::entries(database);
                    entries.push(entry);
                    ledger::rewrite(database, &entries);
                    ledger::sql(
                        database,
                        "INSERT INTO checkpoint SELECT size + 1, note FROM checkpoint
                         ORDER BY size DESC LIMIT 1",
                    );
                } else {
                    ledger::insert(database, &entry);
                }
            })
            .await;
            assert!(text.contains("changed the database"), "{why}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_this_installation_did_not_sign_seals() {
    for (hashes, checkpoint) in [(false, false), (true, false), (true, true)] {
        let why = format!("with hashes: {hashes}, with a checkpoint: {checkpoint}");
        seals_after(Scene::new().await, &why, |database, _| {
            let mut entries = ledger::entries(database);
            let at = entries.last().unwrap().at;
            let entry = LogEntry::new(at, Record::Paused { paused: false });
            if hashes {
                entries.push(entry);
                ledger::rewrite(database, &entries);
            } else {
                ledger::insert(database, &entry);
            }
            if checkpoint {
                ledger::sql(
                    database,
                    "INSERT INTO checkpoint SELECT size + 1, note FROM checkpoint
                     ORDER BY size DESC LIMIT 1",
                );
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_passkey_that_was_replaced_together_with_the_whole_log_seals() {
    let scene = Scene::new().await;
    let entry = strangers_entry(&scene, false).await;
    seals_after(scene, "the first passkey replaced", |database, _| {
        let mut entries = ledger::entries(database);
        entries.truncate(1);
        entries.push(entry);
        ledger::rewrite(database, &entries);
        ledger::sql(database, "DELETE FROM checkpoint WHERE size > 2");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_no_passkey_connected_seals() {
    for (why, sql) in [
        (
            "inserted by hand",
            "INSERT INTO agent (id, name, key_sha256, paired, expires)
             SELECT substr(id, 1, length(id) - 1) || CASE substr(id, -1) WHEN '0' THEN '1' ELSE '0' END,
               'Stranger', zeroblob(32), paired, expires FROM agent",
        ),
        ("another key", "UPDATE agent SET key_sha256 = zeroblob(32)"),
        ("a longer life", "UPDATE agent SET expires = expires + 1"),
        ("another name", "UPDATE agent SET name = 'Mother'"),
        ("gone", "DELETE FROM agent"),
    ] {
        let house = {
            let scene = Scene::new().await;
            let database = scene.house.database();
            let (home, passkey) = scene.house.stop().await;
            ledger::sql(&database, sql);
            House::at(home, Plan::default(), passkey).await
        };
        let text = sealed(&house, why).await;
        assert!(text.contains("agents"), "{why}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_that_was_brought_back_by_hand_seals() {
    let scene = Scene::new().await;
    let whose = scene.house.engine.settings().await.unwrap().agents[0]
        .id
        .clone();
    scene.house.engine.revoke_agent(&whose).await.unwrap();
    let database = scene.house.database();
    let (home, passkey) = scene.house.stop().await;
    ledger::sql(&database, "UPDATE agent SET revoked = NULL");
    let house = House::at(home, Plan::default(), passkey).await;
    sealed(&house, "a revoked agent").await;
    assert_eq!(submit(&scene.agent.at(&house)).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_the_first_passkey_that_is_gone_or_different_seals() {
    for missing in [true, false] {
        let why = format!("pin missing: {missing}");
        let text = seals_after(Scene::new().await, &why, |_, secrets| {
            let pin = secrets.join("first-passkey");
            if missing {
                std::fs::remove_file(pin).unwrap();
            } else {
                let mut bytes = std::fs::read(&pin).unwrap();
                bytes[0] ^= 1;
                std::fs::write(pin, bytes).unwrap();
            }
        })
        .await;
        assert!(text.contains("first passkey"), "{text}");
        assert!(text.contains("pinned"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_in_the_keychain_that_is_another_or_damaged_seals() {
    for damaged in [true, false] {
        seals_after(
            Scene::new().await,
            &format!("damaged: {damaged}"),
            |_, secrets| {
                let head = secrets.join("log-head");
                let text = std::fs::read_to_string(&head).unwrap();
                let (size, hash) = text.split_once(' ').unwrap();
                let size: u64 = size.parse().unwrap();
                let other = if damaged {
                    "?".to_owned()
                } else {
                    format!("{} {hash}", size - 1)
                };
                std::fs::write(head, other).unwrap();
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_without_its_key_or_with_another_seals() {
    for missing in [true, false] {
        let why = format!("key missing: {missing}");
        seals_after(Scene::new().await, &why, |_, secrets| {
            let key = secrets.join("installation-key");
            if missing {
                std::fs::remove_file(key).unwrap();
            } else {
                std::fs::write(key, [7; 32]).unwrap();
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_gone_while_the_keychain_remembers_it_seals() {
    let scene = Scene::new().await;
    let database = scene.house.database();
    let (home, passkey) = scene.house.stop().await;
    for tail in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{tail}", database.display()));
    }
    let house = House::at(home, Plan::default(), passkey).await;
    let text = sealed(&house, "the database is gone").await;
    assert!(text.contains("its data is gone"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_seals() {
    let scene = Scene::new().await;
    scene
        .house
        .tamper("UPDATE account SET address = 'nobody' WHERE id = 'practice'");
    let house = scene.house.restart().await;
    let text = sealed(&house, "an unreadable account").await;
    assert!(text.contains("accounts cannot be read"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_seals_and_says_how_to_go_on() {
    let scene = Scene::new().await;
    let locked = Plan {
        keychain: Keychain::Locked,
        ..Plan::default()
    };
    let house = scene.house.restart_with(locked).await;
    let agent = scene.agent.at(&house);
    let text = sealed(&house, "locked").await;
    assert_eq!(
        text,
        "The keychain is locked. Unlock it, then quit and start the app again."
    );
    assert_eq!(submit(&agent).await.1["code"], "sealed");
    assert_eq!(
        house
            .engine
            .begin_approval(&scene.id)
            .await
            .unwrap_err()
            .code,
        "sealed"
    );
    // Unlocked, all is as it was.
    let house = house.restart_with(Plan::default()).await;
    assert_eq!(notice(&house, "sealed").await, None);
    house.approve(&scene.id).await;
    assert_eq!(
        scene.agent.at(&house).wait(&scene.id).await["state"],
        "executed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_only_the_practice_account_works() {
    let scene = Scene::of(Plan {
        keychain: Keychain::Absent,
        ..Plan::default()
    })
    .await;
    assert!(notice(&scene.house, "no_keychain").await.is_some());
    scene.house.engine.dismiss("no_keychain").await.unwrap();
    assert!(
        notice(&scene.house, "no_keychain").await.is_some(),
        "it stays in sight"
    );
    let form = AccountForm {
        address: "alice@example.org".to_owned(),
        name: String::new(),
        host: "127.0.0.1".to_owned(),
        port: 1,
        user: String::new(),
        secret: "secret".to_owned(),
        certificate: String::new(),
    };
    let refusal = scene.house.engine.add_account(form).await.unwrap_err();
    assert_eq!(refusal.code, "no_keychain");
    assert_eq!(
        scene.house.engine.settings().await.unwrap().accounts.len(),
        1
    );
    scene.house.approve(&scene.id).await;
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
    assert_eq!(delivered(&scene.house).await, 1);
}
