//! The whole way, once.

use std::os::unix::fs::PermissionsExt as _;

use ma_tests::process::Process;
use ma_tests::wait::eventually;
use ma_tests::webdriver::built;

use super::person::Person;
use super::seat::{SOON, Said, Seat, between, dense, end};

const INVOICE: &[u8] = b"%PDF-1.7 the invoice of June";
const REASON: &str = "Mara asked for the June invoice";

/// So long that it has to be scrolled.
fn letter() -> String {
    let lines =
        (1..=60).map(|n| format!("{n}. What was agreed on, line by line, and nothing else."));
    let lines: Vec<_> = lines.collect();
    format!(
        "Dear Mara,\n\n{}\n\nThis is the last line.",
        lines.join("\n")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_all_the_way_from_an_agent_to_a_receipt_that_anyone_can_check() {
    let seat = Seat::new().await;
    let person = Person::sits_down(&seat).await;
    first_start(&seat, &person).await;
    connects(&seat, &person).await;
    let (id, fingerprint) = proposes(&seat, &person).await;
    reads(&person, &fingerprint).await;
    approves(&seat, &person, &id, &fingerprint).await;
    arrives(&person).await;
    proves(&seat, &person, &id, &fingerprint).await;
}

async fn first_start(seat: &Seat, person: &Person) {
    person.window.find("welcome").await;
    assert!(!person.window.has("tab-queue").await);
    seat.tray_shows("Nothing waits for you").await;
    person.window.click("make-passkey").await;
    person.confirms(seat).await;
    assert_eq!(person.browser.credentials().await.len(), 1);
    person.window.find("tab-queue").await;
}

async fn connects(seat: &Seat, person: &Person) {
    let mut login = seat.ma(&["auth", "login", "--name", "Claude"]);
    let notification = seat
        .desktop
        .notifications()
        .wait_for("Claude asks to connect", SOON)
        .await;
    let code = eventually("the code in the terminal", SOON, || {
        let said = login.errors();
        let (_, rest) = said.split_once("Code ")?;
        rest.split_once('.').map(|(code, _)| code.to_owned())
    })
    .await;
    assert!(notification.body.contains(&code), "{notification:?}");
    seat.tray_shows(&format!("Claude asks to connect, code {code}"))
        .await;
    let shown = person.window.wait_for_text("pair-code", &code).await;
    assert!(shown.ends_with(&code), "{shown}");
    person.window.click("pair-confirm").await;
    person.confirms(seat).await;

    let said = end(&mut login).await;
    assert_eq!(said.code, 0, "{said:?}");
    let file = seat.home().join("cli").join("agent.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let stored: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let key = stored["token"].as_str().unwrap();
    assert!(!said.out.contains(key) && !said.err.contains(key));
    seat.tray_shows("Nothing waits for you").await;
}

async fn proposes(seat: &Seat, person: &Person) -> (String, String) {
    let file = seat.folder.write("invoice.pdf", INVOICE);
    let said = seat
        .ma_says(&[
            "email",
            "send",
            "--to",
            "Mara Olsen <mara@practice.test>",
            "--cc",
            "jonas@practice.test",
            "--bcc",
            "dana@practice.test",
            "--subject",
            "The June invoice",
            "--text",
            &letter(),
            "--attach",
            file.to_str().unwrap(),
            "--reason",
            REASON,
        ])
        .await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("o not resend"), "{}", said.out);
    let (id, _) = said.out.split_once(' ').unwrap();
    let fingerprint = between(&said.out, "fingerprint: ", ",");

    seat.tray_shows("1 proposal waits for you").await;
    // The window is elsewhere: the notification brings it to the mail.
    person.window.click("tab-settings").await;
    person.window.find("settings").await;
    let notifications = seat.desktop.notifications();
    let notification = notifications.wait_for("Claude wants to send", SOON).await;
    assert!(
        notification.body.contains("mara@practice.test"),
        "{notification:?}"
    );
    notifications.click(notification.id, "default").await;
    person
        .window
        .wait_for_text("item-title", "The June invoice")
        .await;
    (id.to_owned(), fingerprint.to_owned())
}

async fn reads(person: &Person, fingerprint: &str) {
    let window = &person.window;
    assert!(
        window
            .text("address-from")
            .await
            .contains("you@practice.test")
    );
    let to = window.text("address-to").await;
    assert!(
        to.contains("mara@practice.test") && to.contains("Mara Olsen"),
        "{to}"
    );
    assert!(
        window
            .text("address-cc")
            .await
            .contains("jonas@practice.test")
    );
    assert!(
        window
            .text("address-bcc")
            .await
            .contains("dana@practice.test")
    );
    let attachment = window.text("attachment").await;
    assert!(attachment.contains("invoice.pdf"), "{attachment}");
    assert!(
        dense(&attachment).contains(&format!("{}bytes", INVOICE.len())),
        "{attachment}"
    );
    let hash = ma_core::Digest::of(INVOICE).hex();
    assert!(dense(&attachment).contains(&hash), "{attachment}");
    assert!(window.text("agent-words").await.contains(REASON));
    assert_eq!(dense(&window.text("body").await), dense(&letter()));
    for shown in window.texts("fingerprint").await {
        assert_eq!(shown, fingerprint);
    }

    let approve = window.find("approve").await;
    let asleep = approve.attr("aria-disabled").await.unwrap();
    assert_eq!(
        asleep.as_deref(),
        Some("true"),
        "a long mail is not read yet"
    );
    approve.click().await.unwrap();
    assert!(!window.has("code-words").await);
    person.reads_to_the_end().await;
}

async fn approves(seat: &Seat, person: &Person, id: &str, fingerprint: &str) {
    let (window, page) = (&person.window, &person.browser.page);
    person.approves().await;
    person.opens_page(seat).await;
    assert_eq!(page.text("fingerprint").await, fingerprint);
    for part in ["from", "to", "cc", "bcc"].map(|role| format!("address-{role}")) {
        assert_eq!(
            dense(&page.text(&part).await),
            dense(&window.text(&part).await)
        );
    }
    for part in ["body", "attachment", "agent-words"] {
        assert_eq!(
            dense(&page.text(part).await),
            dense(&window.text(part).await)
        );
    }
    let mut waiting = seat.ma(&["queue", "wait", id]);
    person.gives_passkey().await;
    person.foot("held").await;
    window.find("ring").await;
    window.find("undo").await;
    seat.tray_shows("Nothing waits for you").await;

    let said = end(&mut waiting).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("executed"), "{}", said.out);
    let message_id = between(&said.out, "reference: ", "\n");
    assert!(message_id.ends_with("@practice.test"), "{message_id}");
    person.sees_it_leave().await;
    let withdrawn =
        |one: &ma_tests::desktop::Notification| one.summary.contains("wants to send") && one.open;
    assert!(!seat.desktop.notifications().all().iter().any(withdrawn));
}

async fn arrives(person: &Person) {
    let window = &person.window;
    window.click("tab-settings").await;
    window.click("show-mailbox").await;
    let mail = window
        .wait_for_text("practice-mail", "The June invoice")
        .await;
    assert!(mail.contains("invoice.pdf"), "{mail}");
    assert!(mail.contains("This is the last line."), "{mail}");
    assert_eq!(
        window.texts("practice-mail").await.len(),
        3,
        "To, Cc and Bcc"
    );
}

async fn proves(seat: &Seat, person: &Person, id: &str, fingerprint: &str) {
    let window = &person.window;
    window.click("tab-history").await;
    window
        .select(&format!("[data-testid=history] [data-id=\"{id}\"]"))
        .await
        .click()
        .await
        .unwrap();
    window.wait_for_text("receipt-verdict", "Verified").await;
    let broken = window.select("[data-testid=past]").await;
    assert!(
        broken
            .find(css("[data-testid=check][data-holds=false]"))
            .await
            .is_err()
    );
    assert!(window.texts("check").await.len() >= 5);
    assert!(
        window
            .texts("fingerprint")
            .await
            .iter()
            .all(|shown| shown == fingerprint)
    );
    window.click("export-receipt").await;
    let path = window.text("receipt-path").await;
    assert!(path.starts_with(seat.home().to_str().unwrap()), "{path}");

    let said = verified(seat, &path).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("The June invoice"), "{said:?}");
    let receipt = std::fs::read_to_string(&path).unwrap();
    let other = receipt.replacen("June", "Juno", 1);
    assert_ne!(receipt, other);
    let forged = seat.folder.write("forged.json", other);
    let said = verified(seat, forged.to_str().unwrap()).await;
    assert_eq!(said.code, 1, "{said:?}");
}

async fn verified(seat: &Seat, path: &str) -> Said {
    let mut command = seat.desktop.command(built("ma-verify"));
    command.arg(path);
    end(&mut Process::start(&command)).await
}

fn css(text: &str) -> fantoccini::Locator<'_> {
    fantoccini::Locator::Css(text)
}
