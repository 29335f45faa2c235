//! Saying no, taking back, and doing it all without a mouse.

use super::person::Person;
use super::seat::{Seat, end};

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_in_the_window_gives_the_waiting_agent_the_persons_reason() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose(
            "mara@practice.test",
            "Friday",
            "Does Friday at ten suit you?",
        )
        .await;
    let mut waiting = seat.ma(&["queue", "wait", &id]);
    person.window.click("read-it").await;
    person.window.click("reject").await;
    person
        .window
        .fill("reject-reason", "Never promise a day before I said so.")
        .await;
    person.window.click("reject-confirm").await;
    let said = end(&mut waiting).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.out
            .contains("reason: Never promise a day before I said so."),
        "{said:?}"
    );
    assert!(said.out.contains("o not resend"), "{said:?}");
    person.window.wait_for_text("ended", "Rejected").await;
    seat.tray_shows("Nothing waits for you").await;

    person.window.click("tab-history").await;
    person.window.find("row").await.click().await.unwrap();
    person
        .window
        .wait_for_text("rejection", "Never promise a day")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_in_the_window_puts_the_mail_back_and_nothing_leaves() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    person.sends(&seat, &id).await;
    person.window.click("undo").await;
    person.foot("pending").await;
    seat.tray_shows("1 proposal waits for you").await;
    // The old approval is spent: it takes another one.
    person.approves().await;
    person.window.click("cancel-ceremony").await;
    person.window.wait_gone("code-words").await;
    let said = seat.ma_says(&["--quiet", "queue", "get", &id]).await;
    assert_eq!(said.out.trim(), "pending");
    person.window.click("tab-settings").await;
    person.window.click("show-mailbox").await;
    person
        .window
        .wait_for_text("practice-mailbox", "No mail yet")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_decided_with_the_keys_alone() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let window = &person.window;
    let first = seat
        .propose("mara@practice.test", "First", "The first.")
        .await;
    let second = seat
        .propose("jonas@practice.test", "Second", "The second.")
        .await;
    seat.tray_shows("2 proposals wait for you").await;
    person.types("1").await;
    window.find("row").await;

    // The newest stands first.
    person.types("j").await;
    person.types("j").await;
    window.wait_for_text("item-title", "First").await;
    person.types("k").await;
    window.wait_for_text("item-title", "Second").await;
    person.types("\u{E007}").await;
    let focused = window.client.active_element().await.unwrap();
    assert_eq!(
        focused.attr("data-testid").await.unwrap().as_deref(),
        Some("scroller")
    );

    person.types("r").await;
    window.find("reject-sheet").await;
    person.types("\u{E00C}").await;
    window.wait_gone("reject-sheet").await;

    window
        .select("[data-testid=approve]:not([aria-disabled])")
        .await;
    person.key_until("a", "code-words").await;
    person.types("\u{E00C}").await;
    window.wait_gone("code-words").await;
    let _ = seat.next_address().await;
    person.key_until("a", "code-words").await;
    person.confirms(&seat).await;
    window.find("undo").await;
    person.key_until("z", "approve").await;
    person.foot("pending").await;

    person.key_until("r", "reject-sheet").await;
    person.types("Not now.").await;
    // Control and Enter.
    person.types("\u{E009}\u{E007}").await;
    window.wait_for_text("ended", "Rejected").await;
    let said = seat.ma_says(&["queue", "wait", &second]).await;
    assert_eq!(said.code, 3, "{said:?}");
    let said = seat.ma_says(&["--quiet", "queue", "get", &first]).await;
    assert_eq!(said.out.trim(), "pending");
}
