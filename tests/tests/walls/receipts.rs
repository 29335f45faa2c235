//! Receipts that were changed, swapped or made up, and what `ma-verify` says of them.

use ma_receipt::{Receipt, cli, verify};
use ma_tests::house::House;
use serde_json::Value;
use std::path::Path;

/// The text of a receipt, as the person exports it.
async fn exported(house: &House, subject: &str) -> String {
    let agent = house.agent(subject).await;
    let id = agent.propose_mail("mara@practice.test", subject).await;
    house.approve(&id).await;
    assert_eq!(agent.wait(&id).await["state"], "executed");
    let path = house
        .engine
        .export_receipt(&id, &house.home.join("out"))
        .await
        .unwrap();
    std::fs::read_to_string(path).unwrap()
}

fn holds(text: &[u8]) -> bool {
    serde_json::from_slice::<Receipt>(text).is_ok_and(|receipt| verify(&receipt).valid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_anywhere_in_a_receipt_is_found() {
    let house = House::ready().await;
    let text = exported(&house, "Friday").await.into_bytes();
    assert!(holds(&text));
    let mut flips = 0;
    // Two bits: one that changes digits and letters, one that changes their case.
    for (bit, start) in [(0x01, 0), (0x20, 48)] {
        for at in (start..text.len()).step_by(97) {
            let mut flipped = text.clone();
            flipped[at] ^= bit;
            // White space between the fields says nothing.
            let same = serde_json::from_slice::<Receipt>(&flipped).ok()
                == serde_json::from_slice::<Receipt>(&text).ok();
            assert!(
                same || !holds(&flipped),
                "byte {at} of {}: {:?}",
                text.len(),
                text[at] as char
            );
            flips += usize::from(!same);
        }
    }
    assert!(flips >= 100, "{flips}");
    assert!(holds(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_every_small_field_of_a_receipt_is_found() {
    let house = House::ready().await;
    let text = exported(&house, "Friday").await;
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut flips = 0;
    for pointer in [
        "/format",
        "/verifier_key",
        "/approved/proof",
        "/consistency/0",
    ] {
        let Some(value) = whole.pointer(pointer).and_then(Value::as_str) else {
            panic!("{pointer}: {text}")
        };
        for at in (0..value.len()).step_by(if value.len() > 200 { 7 } else { 1 }) {
            let mut bytes = value.as_bytes().to_vec();
            bytes[at] ^= 1;
            let mut turned = whole.clone();
            *turned.pointer_mut(pointer).unwrap() =
                Value::String(String::from_utf8(bytes).unwrap());
            assert!(!holds(turned.to_string().as_bytes()), "{pointer} byte {at}");
            flips += 1;
        }
    }
    assert!(flips > 150, "{flips}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_with_parts_of_another_is_found() {
    let house = House::ready().await;
    let one: Value = serde_json::from_str(&exported(&house, "Friday").await).unwrap();
    let two: Value = serde_json::from_str(&exported(&house, "Saturday").await).unwrap();
    for field in [
        "action",
        "display",
        "prepared",
        "proposed",
        "approved",
        "finished",
        "consistency",
    ] {
        let mut mixed = one.clone();
        assert_ne!(mixed[field], two[field], "{field} is not the same");
        mixed[field] = two[field].clone();
        assert!(
            !holds(mixed.to_string().as_bytes()),
            "{field} of another receipt"
        );
    }
    let stranger = House::ready().await;
    let other: Value = serde_json::from_str(&exported(&stranger, "Friday").await).unwrap();
    // The same mail by an agent of the same name: the action and what was shown are the same.
    let alike = ["format", "action", "display"];
    for field in one
        .as_object()
        .unwrap()
        .keys()
        .filter(|f| !alike.contains(&f.as_str()))
    {
        let mut mixed = one.clone();
        assert_ne!(mixed[field], other[field], "{field} is not the same");
        mixed[field] = other[field].clone();
        assert!(
            !holds(mixed.to_string().as_bytes()),
            "{field} of another installation"
        );
    }
    for whole in [one, two, other] {
        assert!(holds(whole.to_string().as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_lacks_something_or_has_more_is_found() {
    let house = House::ready().await;
    let whole: Value = serde_json::from_str(&exported(&house, "Friday").await).unwrap();
    for field in whole
        .as_object()
        .unwrap()
        .keys()
        .filter(|f| *f != "finished")
    {
        let mut cut = whole.clone();
        cut.as_object_mut().unwrap().remove(field);
        assert!(!holds(cut.to_string().as_bytes()), "without {field}");
        let mut empty = whole.clone();
        if empty[field].is_array() {
            empty[field] = Value::Array(Vec::new());
        } else if empty[field].is_string() {
            empty[field] = Value::String(String::new());
        }
        if empty[field] != whole[field] {
            assert!(
                !holds(empty.to_string().as_bytes()),
                "with an empty {field}"
            );
        }
    }
    let mut more = whole.clone();
    more["note"] = "approved".into();
    assert!(!holds(more.to_string().as_bytes()), "an unknown field");
    let mut again = whole.clone();
    let first = again["keys"][0].clone();
    again["keys"].as_array_mut().unwrap().push(first);
    assert!(!holds(again.to_string().as_bytes()), "a passkey twice");
}

fn run(args: &[&str]) -> (u8, String, String) {
    let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(&args, &mut out, &mut err);
    (
        code,
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_tells_valid_from_not_valid_from_not_understood() {
    let house = House::ready().await;
    let text = exported(&house, "Friday").await;
    let good = house.home.write("good.json", &text);
    let (code, out, err) = run(&[path(&good)]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("Valid: 7 of 7 checks hold."), "{out}");

    let bad = house
        .home
        .write("bad.json", text.replace("Friday", "Monday"));
    let (code, out, err) = run(&[path(&bad)]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with("NOT VALID: "), "{out}");
    let (code, out, _) = run(&["--json", path(&bad)]);
    assert_eq!(code, 1);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["valid"], false);

    let other = house.home.write("other.json", "{\"format\": 1}");
    for file in [
        path(&other),
        "/nowhere/receipt.json",
        path(house.home.path()),
    ] {
        let (code, out, err) = run(&[file]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("Next: "), "{err}");
    }
    for args in [
        &[][..],
        &["--frob"],
        &["a", "b"],
        &["--json"],
        &["-j", "a"],
        &[path(&good), path(&good)],
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains("[usage]") && err.contains("Next: "), "{err}");
    }
    for args in [["--help"], ["-h"], ["--version"], ["-V"]] {
        let (code, out, err) = run(&args);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with("ma-verify"), "{out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_of_a_valid_receipt() {
    let house = House::ready().await;
    let text = exported(&house, "Friday").await;
    let good = house.home.write("good.json", &text);
    let (code, out, _) = run(&["--json", path(&good)]);
    assert_eq!(code, 0);
    let mut verdict: Value = serde_json::from_str(&out).unwrap();
    for (pointer, shape) in [
        ("/proposal", "p-"),
        ("/install_id", ""),
        ("/first_passkey", ""),
        ("/outcome/reference", ""),
        ("/route", "Approval page, http://localhost:"),
    ] {
        let slot = verdict.pointer_mut(pointer).unwrap();
        assert!(slot.as_str().unwrap().starts_with(shape) && slot.as_str().unwrap().len() > 8);
        *slot = "[redacted]".into();
    }
    assert!(verdict["approved_ms"].is_i64());
    verdict["approved_ms"] = 0.into();
    let text = serde_json::to_string_pretty(&verdict).unwrap();
    let text = redact_numbers(&text.replace(&house.origin(), "[origin]"));
    insta::assert_snapshot!(text);
}

/// Dates and counts change with the day and the bytes.
fn redact_numbers(text: &str) -> String {
    text.lines()
        .map(|line| {
            let (Some((name, value)), true) = (line.split_once(": "), line.contains("\"detail\""))
            else {
                return line.to_owned();
            };
            let mut last = ' ';
            let value: String = value
                .chars()
                .map(|c| if c.is_ascii_digit() { '#' } else { c })
                .filter(|c| {
                    let again = *c == '#' && last == '#';
                    last = *c;
                    !again
                })
                .collect();
            format!("{name}: {value}")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_receipt_drives_the_terminal() {
    let hostile = "\u{1b}]0;x\u{7}\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{200b}\r\u{8}";
    let house = House::ready().await;
    let whole: Value = serde_json::from_str(&exported(&house, "Friday").await).unwrap();
    let mut files = vec![
        // As the name of a field, which the reader's words would repeat.
        serde_json::json!({ hostile: 1 }).to_string(),
        serde_json::json!({"format": hostile}).to_string(),
    ];
    for field in ["format", "verifier_key", "action", "display", "prepared"] {
        let mut turned = whole.clone();
        turned[field] = hostile.into();
        files.push(turned.to_string());
    }
    // Inside the entries, where they stay readable.
    for (field, word) in [
        ("display", "Friday"),
        ("keys", "Test finger"),
        ("approved", "Approval page"),
        ("finished", "Delivered inside"),
    ] {
        let mut turned = whole.clone();
        let slot = match field {
            "display" => &mut turned["display"],
            "keys" => &mut turned["keys"][0]["entry"],
            other => &mut turned[other]["entry"],
        };
        // What stands inside the text of an entry is JSON again; its bytes have to be canonical.
        let escaped: String = serde_json_text(hostile);
        let text = slot.as_str().unwrap();
        assert!(text.contains(word), "{field}: {text}");
        *slot = text.replace(word, &escaped).into();
        files.push(turned.to_string());
    }
    for text in files {
        let file = house.home.write("receipt.json", &text);
        for args in [&[path(&file)][..], &["--json", path(&file)]] {
            let (code, out, err) = run(args);
            assert_eq!(code, 1);
            for c in [out, err].concat().chars() {
                let drives = (c.is_control() && c != '\n') || "\u{202e}\u{200b}".contains(c);
                assert!(!drives, "U+{:04X} of {text:.80}", u32::from(c));
            }
        }
    }
    let name = format!("/nowhere/{hostile}");
    let (_, _, err) = run(&[&name]);
    assert!(err.chars().all(|c| !c.is_control() || c == '\n'), "{err:?}");
    let (_, _, err) = run(&[&format!("--{hostile}")]);
    assert!(err.chars().all(|c| !c.is_control() || c == '\n'), "{err:?}");
}

/// The text as it stands between the quotation marks of canonical JSON.
fn serde_json_text(text: &str) -> String {
    let quoted = String::from_utf8(ma_core::canonical(&text)).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}
