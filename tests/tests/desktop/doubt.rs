//! A server that took the mail and said nothing.

use ma_tests::sink::{Fault, SmtpSink};

use super::person::Person;
use super::seat::{SOON, Seat, end};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_in_doubt_is_settled_by_the_person_and_never_sent_twice() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let window = &person.window;
    let sink = SmtpSink::start(Fault::None).await;
    connects(&person, &sink).await;

    sink.set(Fault::DropAfterDot);
    let connections = seat.ma_says(&["connections", "list"]).await;
    let account = connections
        .out
        .lines()
        .find(|line| line.contains("smtp"))
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap_or_else(|| panic!("{connections:?}"))
        .to_owned();
    let said = seat
        .ma_says(&[
            "--quiet",
            "email",
            "send",
            "--account",
            &account,
            "--to",
            "bob@example.org",
            "--subject",
            "Friday",
            "--text",
            "Does Friday suit you?",
            "--reason",
            "You asked me to",
        ])
        .await;
    let id = said.out.trim().to_owned();
    let mut waiting = seat.ma(&["queue", "wait", &id]);
    person.sends(&seat, &id).await;

    let told = end(&mut waiting).await;
    assert_eq!(told.code, 6, "{told:?}");
    assert!(told.out.contains("o not resend"), "{told:?}");
    let notifications = seat.desktop.notifications();
    let notification = notifications.wait_for("Did this mail leave?", SOON).await;
    assert_eq!(notification.urgency, Some(2));
    seat.tray_shows("! Did this leave? Send to bob@example.org")
        .await;
    window.click("tab-history").await;
    seat.choose("Did this leave?").await;
    window.find("settle").await;
    window.click("settle-done").await;
    window.wait_gone("settle").await;
    seat.tray_shows("Nothing waits for you").await;
    window.find("export-receipt").await;
    window.wait_for_text("receipt-verdict", "Verified").await;
    let said = seat.ma_says(&["--quiet", "queue", "get", &id]).await;
    assert_eq!(said.out.trim(), "executed");
    assert_eq!(sink.messages().len(), 1);
}

/// A wrong password first: it is told, and nothing is kept.
async fn connects(person: &Person, sink: &SmtpSink) {
    let window = &person.window;
    window.click("tab-settings").await;
    window.click("add-account").await;
    window.fill("account-address", SmtpSink::USER).await;
    window.fill("account-name", "Alice").await;
    window.fill("account-host", "localhost").await;
    window.fill("account-port", &sink.port.to_string()).await;
    window.fill("account-secret", "wrong").await;
    window.click("account-test-button").await;
    window
        .select("[data-testid=account-test][data-works=false]")
        .await;
    let steps = window.texts("account-step").await;
    assert_eq!(steps.len(), 2, "{steps:?}");
    window.fill("account-secret", SmtpSink::PASSWORD).await;
    window.click("account-test-button").await;
    window
        .select("[data-testid=account-test][data-works=true]")
        .await;
    window.click("account-connect").await;
    window.wait_gone("account-form").await;
    let second = window.select("[data-testid=account]:nth-child(2)").await;
    let second = second.text().await.unwrap();
    assert!(second.contains(SmtpSink::USER), "{second}");
}
