//! Lists, files and names that are well-formed and still wrong.

use crate::doors::{house, is_problem, log_size, proposal, refused, still_open};
use ma_tests::house::mail;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn too_many_or_doubled_or_no_recipients_are_refused() {
    let (house, agent) = house().await;
    let to = |list: Vec<String>| {
        let mut action = mail("mara@practice.test", "Friday");
        let list: Vec<Value> = list.into_iter().map(|a| json!({"address": a})).collect();
        action["to"] = json!(list);
        action
    };
    let many = |n: usize| (0..n).map(|i| format!("p{i}@practice.test")).collect();
    refused(
        &house,
        &agent,
        proposal(&to(many(1000))),
        400,
        "too_many_recipients",
    )
    .await;
    refused(
        &house,
        &agent,
        proposal(&to(many(101))),
        400,
        "too_many_recipients",
    )
    .await;
    refused(
        &house,
        &agent,
        proposal(&to(Vec::new())),
        400,
        "no_recipient",
    )
    .await;
    let twice = vec![
        "mara@practice.test".to_owned(),
        "mara@PRACTICE.test".to_owned(),
    ];
    refused(
        &house,
        &agent,
        proposal(&to(twice)),
        400,
        "duplicate_recipient",
    )
    .await;
    for list in ["cc", "bcc"] {
        let mut action = mail("mara@practice.test", "Friday");
        action[list] = json!([{"address": "mara@practice.test"}]);
        let problem = refused(
            &house,
            &agent,
            proposal(&action),
            400,
            "duplicate_recipient",
        )
        .await;
        assert_eq!(problem["field"], format!("action.{list}[0]"));
    }
    // Spread over the three lists it is still too many.
    let mut action = to(many(60));
    action["bcc"] = json!(
        (60..101)
            .map(|i| json!({"address": format!("p{i}@practice.test")}))
            .collect::<Vec<_>>()
    );
    refused(
        &house,
        &agent,
        proposal(&action),
        400,
        "too_many_recipients",
    )
    .await;
    assert_eq!(agent.propose(to(many(100))).await["state"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_that_is_not_base64_or_not_plain_is_refused() {
    let (house, agent) = house().await;
    let attached = |part: &str, value: &str| {
        let mut file = json!({"name": "a.txt", "media_type": "text/plain", "content": "YWJj"});
        file[part] = json!(value);
        let mut action = mail("mara@practice.test", "Friday");
        action["attachments"] = json!([file]);
        proposal(&action)
    };
    for content in [
        "YWJ", "YWJj=", "YW Jj", "YWJj\n", "-_-_", "YWI=YWI=", "ü", "YWJ=", "====", "YWE",
    ] {
        refused(&house, &agent, attached("content", content), 400, "base64").await;
    }
    for name in ["../a.txt", "a/b", "a\\b", "..", "a\"b"] {
        refused(
            &house,
            &agent,
            attached("name", name),
            400,
            "not_a_file_name",
        )
        .await;
    }
    refused(&house, &agent, attached("name", ""), 400, "empty").await;
    refused(
        &house,
        &agent,
        attached("name", &"a".repeat(201)),
        400,
        "too_long",
    )
    .await;
    for kind in [
        "",
        "text",
        "message/rfc822",
        "multipart/mixed",
        "text/plain; charset=x",
        "TEXT/plain",
    ] {
        refused(
            &house,
            &agent,
            attached("media_type", kind),
            400,
            "media_type",
        )
        .await;
    }
    let mut action = mail("mara@practice.test", "Friday");
    let file = json!({"name": "a.txt", "media_type": "text/plain", "content": "YWJj"});
    action["attachments"] = json!(vec![file; 21]);
    refused(
        &house,
        &agent,
        proposal(&action),
        400,
        "too_many_attachments",
    )
    .await;
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_lies_about_itself_cannot_ask_to_connect() {
    let (house, _) = house().await;
    let before = log_size(&house).await;
    for name in [
        "a\r\nb",
        "a\0b",
        "a\u{202E}b",
        "a\u{200B}b",
        "a\u{200D}b",
        "",
        " a",
        "a\u{1b}[2J",
        &"a".repeat(61),
    ] {
        let asked = json!({"name": name, "key_sha256": "0".repeat(64)});
        let url = format!("{}/v1/pairings", house.door());
        let response = house.http.post(url).json(&asked).send().await.unwrap();
        assert_eq!(response.status(), 400, "{name:?}");
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        is_problem(&response.json().await.unwrap(), &kind);
    }
    assert!(house.engine.snapshot().await.unwrap().pairings.is_empty());
    assert_eq!(log_size(&house).await, before);
}
