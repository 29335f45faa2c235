//! Answers that a browser or an authenticator got wrong, or made up.

use crate::scene::{Scene, refused};
use ma_tests::authenticator::{Knobs, Signing, SoftPasskey, flag};
use serde_json::{Value, json};

/// Answers the page with turned knobs: refused, nothing approved, and the page is used up.
async fn wrong(why: &str, turn: impl FnOnce(&Scene, &mut Knobs)) {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    let mut knobs = Knobs::honest(&scene.house.origin());
    turn(&scene, &mut knobs);
    let answer = scene.house.gesture_with(&page, &knobs).await;
    refused(&answer, "not_confirmed", why);
    scene.nothing_approved().await;
    let again = scene.house.gesture(&page).await;
    refused(&again, "ceremony_over", why);
    scene.nothing_approved().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_was_not_verified_approves_nothing() {
    wrong("no verification", |_, knobs| knobs.flags = flag::UP).await;
    wrong("nobody there", |_, knobs| knobs.flags = flag::UV).await;
    wrong("no flag at all", |_, knobs| knobs.flags = 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_approves_nothing() {
    wrong("another host", |s, k| {
        k.origin = format!("http://127.0.0.1:{}", s.house.page_port);
    })
    .await;
    wrong("a host below ours", |s, k| {
        k.origin = format!("http://x.localhost:{}", s.house.page_port);
    })
    .await;
    wrong("another port", |s, k| {
        k.origin = format!("http://localhost:{}", s.house.page_port ^ 1);
    })
    .await;
    wrong("the agents' door", |s, k| {
        k.origin = format!("http://localhost:{}", s.house.agent_port);
    })
    .await;
    wrong("another scheme", |s, k| {
        k.origin = format!("https://localhost:{}", s.house.page_port);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_with_anything_behind_it_approves_nothing() {
    for tail in ["/", "/approve", "/../", "?a", "#a"] {
        wrong(tail, |_, knobs| knobs.origin.push_str(tail)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_inside_another_page_approves_nothing() {
    wrong("crossOrigin", |_, knobs| knobs.cross_origin = Some(true)).await;
    wrong("topOrigin", |_, knobs| {
        knobs.top_origin = Some("http://elsewhere.example".to_owned());
    })
    .await;
    wrong("topOrigin that is our own", |_, knobs| {
        knobs.top_origin = Some(knobs.origin.clone());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_broken_or_of_another_kind_approves_nothing() {
    wrong("corrupt", |_, knobs| knobs.signing = Signing::Corrupt).await;
    wrong("another kind", |_, knobs| {
        knobs.kind = Some("webauthn.create".to_owned());
    })
    .await;
    wrong("another relying party", |_, knobs| {
        knobs.rp_id_hash = Some([7; 32]);
    })
    .await;
    wrong("another challenge", |_, knobs| {
        knobs.challenge = Some("A".repeat(43));
    })
    .await;
    wrong("an empty challenge", |_, knobs| {
        knobs.challenge = Some(String::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_never_enrolled_approves_nothing() {
    for claims_to_be_ours in [false, true] {
        let scene = Scene::new().await;
        let page = scene.house.approval_page(&scene.id).await;
        let mut knobs = Knobs::honest(&scene.house.origin());
        knobs.counter = Some(100);
        if claims_to_be_ours {
            knobs.credential_id = Some(scene.house.passkey.lock().unwrap().id().to_vec());
        }
        let forged = SoftPasskey::new().get(&page["ask"]["options"], &knobs);
        let answer = scene.house.finish(&page["secret"], &forged).await;
        refused(&answer, "not_confirmed", "a stranger's passkey");
        scene.nothing_approved().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_does_not_rise_is_refused_and_a_later_one_works() {
    let scene = Scene::new().await;
    let last = scene.house.passkey.lock().unwrap().counter();
    assert!(last > 1, "it signed before");
    for counter in [last, last - 1, 1, 0] {
        let page = scene.house.approval_page(&scene.id).await;
        let mut knobs = Knobs::honest(&scene.house.origin());
        knobs.counter = Some(counter);
        let answer = scene.house.gesture_with(&page, &knobs).await;
        refused(
            &answer,
            "not_confirmed",
            &format!("counter {counter} after {last}"),
        );
        let said = answer.1["message"].as_str().unwrap();
        assert!(
            said.contains("counter") || said.contains("Compromise"),
            "{said}"
        );
        scene.nothing_approved().await;
    }
    let page = scene.house.approval_page(&scene.id).await;
    let mut knobs = Knobs::honest(&scene.house.origin());
    knobs.counter = Some(last + 1);
    assert_eq!(scene.house.gesture_with(&page, &knobs).await.0, 200);
    assert_eq!(scene.agent.wait(&scene.id).await["state"], "executed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_cannot_be_read_approves_nothing() {
    let scene = Scene::new().await;
    let whole = {
        let page = scene.house.approval_page(&scene.id).await;
        let knobs = Knobs::honest(&scene.house.origin());
        scene
            .house
            .passkey
            .lock()
            .unwrap()
            .get(&page["ask"]["options"], &knobs)
    };
    let without = |part: &str| {
        let mut cut = whole.clone();
        cut["response"]
            .as_object_mut()
            .unwrap()
            .remove(part)
            .unwrap();
        cut
    };
    let with = |part: &str, value: Value| {
        let mut turned = whole.clone();
        turned["response"][part] = value;
        turned
    };
    for credential in [
        Value::Null,
        json!({}),
        json!([]),
        json!("approve"),
        json!({"id": "x", "response": {}}),
        without("signature"),
        without("authenticatorData"),
        without("clientDataJSON"),
        with("signature", json!("")),
        with("signature", json!("not base64 !")),
        with("authenticatorData", json!("AA")),
        with("clientDataJSON", json!("AA")),
        with("clientDataJSON", json!(7)),
    ] {
        let page = scene.house.approval_page(&scene.id).await;
        let answer = scene.house.finish(&page["secret"], &credential).await;
        refused(&answer, "not_confirmed", &credential.to_string());
    }
    scene.nothing_approved().await;
}
