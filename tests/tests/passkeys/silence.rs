//! What stays between the window and the page.

use crate::scene::Scene;
use ma_tests::house::mail;
use serde_json::json;

/// Every answer that the agents' door can give now, as text.
async fn everything_an_agent_can_read(scene: &Scene, pairing: &str) -> Vec<String> {
    let (house, agent, id) = (&scene.house, &scene.agent, &scene.id);
    let mut all = Vec::new();
    for path in [
        format!("/v1/hello?nonce={}", "n".repeat(32)),
        format!("/v1/pairings/{pairing}"),
        format!("/v1/pairings/{pairing}?wait=1"),
        "/v1/connections".to_owned(),
        "/v1/proposals".to_owned(),
        "/v1/proposals?open=true&limit=200".to_owned(),
        format!("/v1/proposals/{id}"),
        format!("/v1/proposals/{id}?wait=1"),
        "/v1/proposals/p-0123456789abc".to_owned(),
        "/v1/openapi.json".to_owned(),
        "/v1/ceremony".to_owned(),
        "/finish".to_owned(),
    ] {
        all.push(agent.read(&path).await.1.to_string());
    }
    for (path, body) in [
        (
            "/v1/proposals",
            json!({"action": mail("mara@practice.test", "Friday"), "reason": "again"}),
        ),
        (
            "/v1/proposals",
            json!({"action": mail("mara@practice.test", "Another"), "reason": "new"}),
        ),
        ("/v1/proposals", json!({})),
        (
            "/v1/pairings",
            json!({"name": "Third", "key_sha256": "1".repeat(64)}),
        ),
        ("/v1/proposals/p-0123456789abc/withdraw", json!({})),
        ("/finish", json!({"secret": "", "credential": {}})),
    ] {
        all.push(agent.post(path, &body).await.1.to_string());
    }
    // Headers too.
    let response = house.http.get(format!("{}/v1/proposals", house.door()));
    let response = response.bearer_auth(&agent.token).send().await.unwrap();
    all.push(format!("{:?}", response.headers()));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_door_tells_nothing_of_an_open_ceremony() {
    let scene = Scene::new().await;
    let asked = scene.house.ask_to_pair("Hermes").await;
    let begun = scene.house.engine.begin_approval(&scene.id).await.unwrap();
    let url = scene.house.opened();
    let token = url.rsplit('/').next().unwrap().to_owned();
    let before = everything_an_agent_can_read(&scene, &asked.pairing).await;
    let page = scene.house.open(&url).await.unwrap();
    let after = everything_an_agent_can_read(&scene, &asked.pairing).await;

    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let credential = &page["ask"]["options"]["allowCredentials"][0]["id"];
    let secrets = [
        ("token", token),
        ("secret", text(&page["secret"])),
        ("challenge", text(&page["ask"]["options"]["challenge"])),
        ("words", begun.words),
        ("passkey", text(credential)),
        ("port", format!(":{}", scene.house.page_port)),
    ];
    assert!(before.len() > 15);
    for body in before.iter().chain(&after) {
        for (name, secret) in &secrets {
            assert!(
                !body.contains(secret.as_str()),
                "the {name} stands in {body}"
            );
        }
    }
    assert_eq!(
        scene.house.gesture(&page).await.0,
        200,
        "the page was still good"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_tell_the_challenge_or_the_token() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    let url = scene.house.opened();
    let token = url.rsplit('/').next().unwrap();
    let (_, body) = scene.house.finish(&page["secret"], &json!({})).await;
    let body = body.to_string();
    for secret in [token, page["ask"]["options"]["challenge"].as_str().unwrap()] {
        assert!(!body.contains(secret), "{body}");
    }
    let (_, text) = scene.house.open(&url).await.unwrap_err();
    assert!(!text.contains(token), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_neither_a_key_nor_a_page_secret() {
    let scene = Scene::new().await;
    let page = scene.house.approval_page(&scene.id).await;
    let url = scene.house.opened();
    let token = url.rsplit('/').next().unwrap().to_owned();
    let secret = page["secret"].as_str().unwrap().to_owned();
    assert_eq!(scene.house.gesture(&page).await.0, 200);
    scene.agent.wait(&scene.id).await;
    let folder = scene.house.home.join("home");
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("Friday"), "the files were read");
    for secret in [&token, &secret, &scene.agent.token] {
        assert!(!holds(secret), "a secret stands on the disk");
    }
}
