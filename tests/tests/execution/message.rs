//! What arrives is what was signed, byte by byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ma_receipt::Receipt;
use ma_tests::house::{Agent, House};
use ma_tests::sink::{Fault, Message, SmtpSink};
use serde_json::{Value, json};

async fn post_office() -> (House, Agent, SmtpSink) {
    let sink = SmtpSink::start(Fault::None).await;
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let (user, secret) = (SmtpSink::USER, SmtpSink::PASSWORD);
    house.connect(user, sink.port, user, secret).await;
    (house, agent, sink)
}

fn with(fields: &Value) -> Value {
    let mut action = json!({
        "type": "email.send",
        "to": [{"address": "bob@example.org"}],
        "subject": "Friday",
        "text": "Hello\n",
    });
    for (name, value) in fields.as_object().unwrap() {
        action[name] = value.clone();
    }
    action
}

/// Sends it; gives what arrived, after comparing it with what was signed.
async fn sent(house: &House, agent: &Agent, sink: &SmtpSink, action: Value) -> Message {
    let id = agent.propose(action).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    house.approve(&id).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "executed", "{end}");
    let path = house
        .engine
        .export_receipt(&id, &house.home.join("out"))
        .await
        .unwrap();
    let receipt: Receipt = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let signed = STANDARD.decode(receipt.prepared).unwrap();
    let message = sink.messages().pop().expect("a mail");
    assert_eq!(
        String::from_utf8_lossy(&message.data),
        String::from_utf8_lossy(&signed)
    );
    assert_eq!(message.data, signed);
    message
}

/// The header's fields, unfolded.
fn fields(message: &Message) -> Vec<(String, String)> {
    let text = message.text();
    let (head, _) = text.split_once("\r\n\r\n").expect("a header");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    head.split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a field");
            (name.to_lowercase(), value.to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_text_arrives_as_it_was_signed() {
    let (house, agent, sink) = post_office().await;
    let long = "x".repeat(5000);
    let many = "A line of an ordinary length, again and again.\n".repeat(400);
    for text in [
        "",
        "Hello",
        "Hello\n",
        "two\n\n\nempty lines at the end\n\n\n",
        ".",
        ".\n",
        "..\n.\n...\nx\n.",
        "\n.\nRCPT TO:<eve@example.org>\nDATA\n.\nQUIT\n",
        "From here\nFrom there\n>From\n",
        "trailing space \nand tab\t\n",
        "Grüße aus Köln 🚢, 東京, עברית\n.\nä\n",
        "=3D=20=\n=?utf-8?q?no?=\n",
        &long,
        &many,
    ] {
        let message = sent(&house, &agent, &sink, with(&json!({"text": text}))).await;
        assert!(message.data.ends_with(b"\r\n"));
        let bare = message.text().replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "{text:?}");
    }
    assert_eq!(sink.messages().len(), 14);
    let to: Vec<_> = sink
        .messages()
        .into_iter()
        .flat_map(|m| m.recipients)
        .collect();
    assert!(to.iter().all(|to| to == "bob@example.org"), "{to:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_names_and_subjects_arrive_as_they_were_signed() {
    let (house, agent, sink) = post_office().await;
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = |name: &str, kind: &str, bytes: &[u8]| json!({"name": name, "media_type": kind, "content": STANDARD.encode(bytes)});
    let action = with(&json!({
        "to": [{"address": "bob@example.org", "name": "Bob \"Öl\" Brandt, Dr."}],
        "subject": format!("Grüße 🚢 {}", "und noch mehr ".repeat(30).trim()),
        "text": "Grüße\n.\n",
        "attachments": [
            file("a.bin", "application/octet-stream", &all),
            file("dots.txt", "text/plain", b".\r\n..\r\n.\r\n"),
            file("Rechnung äöü.pdf", "application/pdf", b"%PDF"),
            file("empty.csv", "text/csv", b""),
        ],
    }));
    let message = sent(&house, &agent, &sink, action).await;
    let encoded = message.text().replace("\r\n", "");
    assert!(encoded.contains(&STANDARD.encode(&all)));
    for line in message.data.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 999, "a line of {} bytes", line.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_an_agent_writes_becomes_a_header_or_a_recipient() {
    const KNOWN: [&str; 9] = [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    ];
    let (house, agent, sink) = post_office().await;
    for evil in [
        "Hi\r\nBcc: eve@example.org",
        "Hi\nBcc: eve@example.org",
        "Hi\rBcc: eve@example.org",
        "Hi\r\n\r\nBcc: eve@example.org",
        "Hi\u{2028}Bcc: eve@example.org",
        "Hi\u{85}Bcc: eve@example.org",
        "Hi\u{0}Bcc: eve@example.org",
    ] {
        let address = |text: String| json!({"address": text});
        for action in [
            with(&json!({"subject": evil})),
            with(&json!({"subject": "=?utf-8?q?Hi=0D=0ABcc=3A_eve=40example.org?="})),
            with(&json!({"to": [{"address": "bob@example.org", "name": evil}]})),
            with(&json!({"to": [address(format!("bob@example.org{evil}"))]})),
            with(&json!({"cc": [address(format!("{evil}@example.org"))]})),
            with(&json!({"attachments": [
                {"name": evil, "media_type": "text/plain", "content": ""}]})),
            with(&json!({"attachments": [
                {"name": "a", "media_type": format!("text/plain; {evil}"), "content": ""}]})),
        ] {
            let body = json!({"action": action, "reason": "x"});
            let (status, answer) = agent.post("/v1/proposals", &body).await;
            assert!((400..500).contains(&status), "{action}: {status} {answer}");
        }
    }
    assert_eq!(agent.read("/v1/proposals").await.1["proposals"], json!([]));
    // What only looks like a header is text, and stays text.
    let action = with(&json!({
        "to": [{"address": "bob@example.org", "name": "Bcc: eve@example.org"}],
        "subject": "Bcc: eve@example.org, X-Evil: %0D%0ABcc: eve@example.org",
        "text": "Bcc: eve@example.org\n\nTo: eve@example.org\n",
    }));
    let message = sent(&house, &agent, &sink, action).await;
    assert_eq!(message.recipients, ["bob@example.org"]);
    let fields = fields(&message);
    for (position, (name, _)) in fields.iter().enumerate() {
        assert!(KNOWN.contains(&name.as_str()), "{fields:?}");
        assert!(
            fields[..position].iter().all(|(other, _)| other != name),
            "{fields:?}"
        );
    }
    let to = &fields.iter().find(|(name, _)| name == "to").unwrap().1;
    assert!(to.ends_with("<bob@example.org>"), "{to}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_cannot_choose_the_sender_or_a_free_header() {
    let (_house, agent, sink) = post_office().await;
    for field in [
        "from",
        "sender",
        "reply_to",
        "headers",
        "message_id",
        "date",
    ] {
        let body = json!({"action": with(&json!({field: "eve@example.org"})), "reason": "x"});
        let (status, answer) = agent.post("/v1/proposals", &body).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unknown_field")),
            "{field}: {answer}"
        );
    }
    assert_eq!(sink.messages(), []);
}
