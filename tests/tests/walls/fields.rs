//! Each field of a proposal, with what does not belong there.

use crate::doors::{house, log_size, proposal, refused, still_open};
use ma_tests::house::mail;
use serde_json::{Value, json};

/// A proposal that uses every field.
fn full() -> Value {
    json!({
        "action": {
            "type": "email.send",
            "account": "practice",
            "to": [{"address": "mara@practice.test", "name": "Mara Olsen"}],
            "cc": [{"address": "jonas@practice.test", "name": "Jonas Brandt"}],
            "bcc": [{"address": "dana@practice.test", "name": "Dana Whitlock"}],
            "subject": "Friday",
            "text": "Does Friday suit you?",
            "attachments": [
                {"name": "plan.txt", "media_type": "text/plain", "content": "YWJjZGVm"}
            ],
        },
        "reason": "you asked me to",
        "revises": "p-0123456789abc",
    })
}

/// The pointer of every text in it.
fn texts(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(at.to_owned()),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                texts(item, &format!("{at}/{index}"), into);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                texts(item, &format!("{at}/{name}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn pointers() -> Vec<String> {
    let mut all = Vec::new();
    texts(&full(), "", &mut all);
    assert_eq!(all.len(), 15, "{all:?}");
    all
}

/// With this between the second and the third character of that text.
fn with(pointer: &str, hostile: &str) -> Vec<u8> {
    let mut body = full();
    let slot = body.pointer_mut(pointer).unwrap();
    let text = slot.as_str().unwrap();
    *slot = json!(format!("{}{hostile}{}", &text[..2], &text[2..]));
    body.to_string().into_bytes()
}

async fn refused_everywhere(hostile: &[&str], code: &str) {
    let (house, agent) = house().await;
    for pointer in pointers() {
        for hostile in hostile {
            let body = with(&pointer, hostile);
            let expected = match pointer.as_str() {
                "/action/type" => "unknown_action",
                "/action/account" | "/revises" => "bad_id",
                "/action/attachments/0/media_type" => "media_type",
                "/action/attachments/0/content" => "base64",
                _ => code,
            };
            let problem = refused(&house, &agent, body, 400, expected).await;
            let field = problem["field"].as_str().unwrap();
            let named = pointer[1..].replace("/0", "[0]").replace('/', ".");
            assert_eq!(field, named, "{hostile:?}: {problem}");
            let text = problem.to_string();
            assert!(!text.contains(hostile), "it came back as it was: {text}");
        }
    }
    let mut good = full();
    good.as_object_mut().unwrap().remove("revises");
    assert_eq!(
        agent.post("/v1/proposals", &good).await.0,
        202,
        "without it, all is well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn line_breaks_and_control_characters_are_refused_in_every_field() {
    refused_everywhere(
        &["\r\n", "\r", "\0", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}"],
        "control_character",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_and_direction_changing_characters_are_refused_in_every_field() {
    let hidden = [
        "\u{202E}",
        "\u{202A}",
        "\u{2066}",
        "\u{2069}",
        "\u{200B}",
        "\u{2060}",
        "\u{FEFF}",
        "\u{00AD}",
        "\u{061C}",
        "\u{2028}",
        "\u{E0041}",
        "\u{FFFE}",
        "\u{115F}",
    ];
    refused_everywhere(&hidden, "hidden_character").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joiner_is_refused_in_names_and_addresses_and_marked_in_running_text() {
    let (house, agent) = house().await;
    for pointer in [
        "/action/to/0/name",
        "/action/to/0/address",
        "/action/attachments/0/name",
    ] {
        for joiner in ["\u{200C}", "\u{200D}", "\u{200E}", "\u{200F}"] {
            refused(
                &house,
                &agent,
                with(pointer, joiner),
                400,
                "hidden_character",
            )
            .await;
        }
    }
    let proposal = agent
        .propose(mail("mara@practice.test", "Fri\u{200D}day"))
        .await;
    let item = house
        .engine
        .item(proposal["id"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(item.display.title.plain(), "Fri[U+200D]day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_break_stays_out_of_every_single_line() {
    let (house, agent) = house().await;
    for pointer in pointers() {
        let lines = matches!(pointer.as_str(), "/action/text" | "/reason");
        if lines {
            continue;
        }
        let before = log_size(&house).await;
        let body: Value = serde_json::from_slice(&with(&pointer, "\n")).unwrap();
        assert_eq!(agent.post("/v1/proposals", &body).await.0, 400, "{pointer}");
        assert_eq!(log_size(&house).await, before);
    }
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_another_type_is_refused() {
    let (house, agent) = house().await;
    for pointer in pointers() {
        for other in [json!(7), json!(true), json!({}), json!([]), json!([["a"]])] {
            let mut body = full();
            *body.pointer_mut(&pointer).unwrap() = other.clone();
            let before = log_size(&house).await;
            let (status, problem) = agent.post("/v1/proposals", &body).await;
            assert_eq!(status, 400, "{pointer} {other}: {problem}");
            assert_eq!(
                problem["code"], "wrong_type",
                "{pointer} {other}: {problem}"
            );
            assert_eq!(log_size(&house).await, before);
        }
    }
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_nobody_knows_is_refused_at_every_depth() {
    let (house, agent) = house().await;
    for place in [
        "",
        "/action",
        "/action/to/0",
        "/action/bcc/0",
        "/action/attachments/0",
    ] {
        for name in [
            "approved",
            "from",
            "html",
            "headers",
            "state",
            "id",
            "__proto__",
        ] {
            let mut body = full();
            body.pointer_mut(place).unwrap()[name] = json!("x");
            let problem = refused(
                &house,
                &agent,
                body.to_string().into_bytes(),
                400,
                "unknown_field",
            )
            .await;
            assert!(
                problem["detail"].as_str().unwrap().contains(name),
                "{problem}"
            );
        }
    }
    let twice = String::from_utf8(proposal(&mail("mara@practice.test", "Friday"))).unwrap();
    let twice = twice.replace("\"subject\":", "\"subject\":\"A\",\"subject\":");
    refused(&house, &agent, twice.into_bytes(), 400, "duplicate_field").await;
    still_open(&agent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_field_and_an_unknown_verb_are_refused() {
    let (house, agent) = house().await;
    for (place, name) in [
        ("", "action"),
        ("", "reason"),
        ("/action", "type"),
        ("/action", "subject"),
        ("/action", "text"),
        ("/action/to/0", "address"),
    ] {
        let mut body = full();
        body.pointer_mut(place)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        refused(
            &house,
            &agent,
            body.to_string().into_bytes(),
            400,
            "missing_field",
        )
        .await;
    }
    for verb in ["email.delete", "email.Send", "email.send ", "", "shell.run"] {
        let mut body = full();
        body["action"]["type"] = json!(verb);
        refused(
            &house,
            &agent,
            body.to_string().into_bytes(),
            400,
            "unknown_action",
        )
        .await;
    }
    still_open(&agent).await;
}
