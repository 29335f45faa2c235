//! Passkeys that come and go.

use crate::ledger;
use crate::scene::{HOLD, Scene, delivered, notice, refused};
use ma_core::Digest;
use ma_receipt::base64url;
use ma_tests::authenticator::{Knobs, SoftPasskey, flag};
use ma_tests::house::House;
use serde_json::Value;

/// How an honest answer is turned.
type Turn = fn(&mut Knobs);

/// Makes a second passkey: the new one is made, the old one approves it.
async fn second(house: &House) -> SoftPasskey {
    let (new, page) = made(house).await;
    assert_eq!(page["ask"]["kind"], "get");
    assert_eq!(page["decision"], "enrol-passkey");
    let (status, reply) = house.gesture(&page).await;
    assert_eq!((status, &reply["status"]), (200, &"done".into()), "{reply}");
    assert_eq!(house.engine.snapshot().await.unwrap().passkeys, 2);
    new
}

/// The first of the two gestures; gives the page of the second.
async fn made(house: &House) -> (SoftPasskey, Value) {
    house.engine.begin_enrolment("Second finger").await.unwrap();
    let page = house.open(&house.opened()).await.unwrap();
    let mut new = SoftPasskey::new();
    let credential = new.create(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    let (status, reply) = house.finish(&page["secret"], &credential).await;
    assert_eq!((status, &reply["status"]), (200, &"next".into()), "{reply}");
    (new, reply["page"].clone())
}

fn id(passkey: &SoftPasskey) -> String {
    base64url(passkey.id())
}

fn first(house: &House) -> String {
    id(&house.passkey.lock().unwrap())
}

/// Revokes a passkey with the gesture of another.
async fn revoke(house: &House, whose: &str, by: &mut SoftPasskey) {
    house.engine.begin_passkey_revocation(whose).await.unwrap();
    let page = house.open(&house.opened()).await.unwrap();
    let credential = by.get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    let (status, reply) = house.finish(&page["secret"], &credential).await;
    assert_eq!(status, 200, "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passkey_cannot_be_revoked() {
    let scene = Scene::new().await;
    let only = first(&scene.house);
    let refusal = scene
        .house
        .engine
        .begin_passkey_revocation(&only)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, "last_passkey");
    let mut new = second(&scene.house).await;
    revoke(&scene.house, &only, &mut new).await;
    let refusal = scene
        .house
        .engine
        .begin_passkey_revocation(&id(&new))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, "last_passkey");
    let refusal = scene
        .house
        .engine
        .begin_passkey_revocation(&only)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, "not_found", "it is revoked already");
    assert_eq!(scene.house.engine.snapshot().await.unwrap().passkeys, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passkey_cannot_be_revoked_by_a_page_that_was_opened_before() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let mut new = second(house).await;
    // Both would go: the page for the one was begun while the other was still there.
    house
        .engine
        .begin_passkey_revocation(&id(&new))
        .await
        .unwrap();
    let stale = house.opened();
    revoke(house, &first(house), &mut new).await;
    assert_eq!(house.open(&stale).await.unwrap_err().0, 410);
    assert_eq!(house.engine.snapshot().await.unwrap().passkeys, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_passkey_approves_nothing_before_an_older_one_agreed() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let (mut new, page) = made(house).await;
    // The new one cannot vouch for itself.
    let own = new.get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    let answer = house.finish(&page["secret"], &own).await;
    refused(&answer, "not_confirmed", "the new passkey for itself");
    assert_eq!(house.engine.snapshot().await.unwrap().passkeys, 1);
    let page = house.approval_page(&scene.id).await;
    let allowed = page["ask"]["options"]["allowCredentials"]
        .as_array()
        .unwrap();
    assert_eq!(allowed.len(), 1);
    assert_eq!(allowed[0]["id"], first(house).as_str());
    let forged = new.get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    let answer = house.finish(&page["secret"], &forged).await;
    refused(&answer, "not_confirmed", "a passkey that nobody agreed to");
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_made_without_verification_or_elsewhere_is_not_enrolled() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let turns: [(&str, Turn); 7] = [
        ("no verification", |k| k.flags = flag::UP),
        ("another origin", |k| {
            k.origin = "http://localhost:1".to_owned();
        }),
        ("a path", |k| k.origin.push('/')),
        ("crossOrigin", |k| k.cross_origin = Some(true)),
        ("topOrigin", |k| {
            k.top_origin = Some("http://a.test".to_owned());
        }),
        ("another challenge", |k| k.challenge = Some("A".repeat(43))),
        ("another relying party", |k| k.rp_id_hash = Some([7; 32])),
    ];
    for (why, turn) in turns {
        house.engine.begin_enrolment("Second finger").await.unwrap();
        let page = house.open(&house.opened()).await.unwrap();
        let mut knobs = Knobs::honest(&house.origin());
        turn(&mut knobs);
        let credential = SoftPasskey::new().create(&page["ask"]["options"], &knobs);
        let answer = house.finish(&page["secret"], &credential).await;
        refused(&answer, "not_enrolled", why);
    }
    assert_eq!(house.engine.snapshot().await.unwrap().passkeys, 1);
    assert_eq!(ledger::count(&house.database(), "passkey_enrolled"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_is_enrolled_already_is_not_enrolled_again() {
    let scene = Scene::new().await;
    let house = &scene.house;
    house
        .engine
        .begin_enrolment("The same finger")
        .await
        .unwrap();
    let page = house.open(&house.opened()).await.unwrap();
    let excluded = page["ask"]["options"]["excludeCredentials"]
        .as_array()
        .unwrap();
    assert_eq!(excluded[0]["id"], first(house).as_str());
    let (status, reply) = house.gesture(&page).await;
    if status == 200 {
        let (status, reply) = house.gesture(&reply["page"]).await;
        assert_eq!(status, 403, "{reply}");
    }
    assert_eq!(ledger::count(&house.database(), "passkey_enrolled"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_passkey_approves_nothing_any_more() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let mut new = second(house).await;
    revoke(house, &first(house), &mut new).await;
    let page = house.approval_page(&scene.id).await;
    let allowed = page["ask"]["options"]["allowCredentials"]
        .as_array()
        .unwrap();
    assert!(
        allowed.iter().all(|c| c["id"] != first(house).as_str()),
        "{allowed:?}"
    );
    let answer = house.gesture(&page).await;
    refused(&answer, "not_confirmed", "the revoked passkey");
    scene.nothing_approved().await;
    let page = house.approval_page(&scene.id).await;
    let good = new.get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    assert_eq!(house.finish(&page["secret"], &good).await.0, 200);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
    assert!(house.engine.receipt(&scene.id).await.unwrap().valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_open_while_its_passkey_was_revoked_approves_nothing() {
    let scene = Scene::new().await;
    let house = &scene.house;
    let mut new = second(house).await;
    let page = house.approval_page(&scene.id).await;
    let before = house
        .passkey
        .lock()
        .unwrap()
        .get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    revoke(house, &first(house), &mut new).await;
    let answer = house.finish(&page["secret"], &before).await;
    refused(&answer, "ceremony_over", "signed before the revocation");
    let page = house.approval_page(&scene.id).await;
    let answer = house.finish(&page["secret"], &before).await;
    refused(
        &answer,
        "not_confirmed",
        "signed before the revocation, on a new page",
    );
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_does_not_leave_once_its_passkey_is_revoked() {
    let scene = Scene::holding().await;
    let mut new = second(&scene.house).await;
    scene.house.approve(&scene.id).await;
    revoke(&scene.house, &first(&scene.house), &mut new).await;
    scene.stopped("its passkey was revoked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_passkey_approved_leaves_all_the_same() {
    let scene = Scene::holding().await;
    let house = &scene.house;
    let mut new = second(house).await;
    let page = house.approval_page(&scene.id).await;
    let good = new.get(&page["ask"]["options"], &Knobs::honest(&house.origin()));
    assert_eq!(house.finish(&page["secret"], &good).await.0, 200);
    revoke(house, &first(house), &mut new).await;
    house.clock_forward(HOLD + 1_000);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
    assert_eq!(delivered(house).await, 1);
    assert_eq!(notice(house, "stopped").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_the_passkey_by_a_hash_that_the_window_can_show_too() {
    let scene = Scene::new().await;
    let (new, page) = made(&scene.house).await;
    let print = Digest::of(id(&new).as_bytes()).fingerprint();
    assert!(page["display"].to_string().contains(&print), "{page}");
}
