//! Where secrets are kept, and what is closed when they cannot be.

use std::time::Duration;

use ma_tests::desktop::{Keyring, Options};
use ma_tests::webdriver::Page;

use super::person::Person;
use super::seat::{SOON, Seat};

async fn seat_with(keyring: Keyring) -> Seat {
    Seat::with(Options {
        keyring,
        ..Options::default()
    })
    .await
}

async fn notice(window: &Page, code: &str) -> String {
    let notice = window
        .select(&format!("[data-testid=notice][data-code={code}]"))
        .await;
    notice.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_keychain_nothing_secret_lies_in_the_folder() {
    let seat = Seat::new().await;
    let person = Person::sits_down(&seat).await;
    person.enrols(&seat).await;
    person.window.click("tab-settings").await;
    person.window.wait_for_text("secrets", "keychain").await;
    assert!(!person.window.has("notice").await);
    assert!(!seat.home().join("vault").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_the_practice_account_works_and_a_real_one_is_refused() {
    let seat = seat_with(Keyring::Absent).await;
    let person = Person::ready(&seat).await;
    let window = &person.window;
    let told = notice(window, "no_keychain").await;
    assert!(told.contains("practice account works"), "{told}");
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    person.sends(&seat, &id).await;
    person.sees_it_leave().await;

    window.click("tab-settings").await;
    window.wait_for_text("secrets", "file").await;
    window.click("add-account").await;
    window.fill("account-address", "alice@example.org").await;
    window.fill("account-host", "localhost").await;
    window.fill("account-secret", "correct horse").await;
    window.click("account-connect").await;
    window
        .select("[data-testid=refusal][data-code=no_keychain]")
        .await;
    assert_eq!(window.texts("account").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_locked_keychain_nothing_can_be_approved_and_the_window_says_why() {
    let seat = seat_with(Keyring::Locked).await;
    let window = seat.open().await;
    let told = notice(&window, "sealed").await;
    assert!(told.contains("nlock"), "{told}");
    window.click("make-passkey").await;
    window
        .select("[data-testid=refusal][data-code=sealed]")
        .await;
    assert!(seat.addresses().is_empty());
    let alarm = seat
        .desktop
        .notifications()
        .wait_for("Nothing can be approved", SOON)
        .await;
    assert_eq!(alarm.urgency, Some(2));
    seat.tray_shows("!! Nothing can be approved").await;
    let said = seat.ma_says(&["auth", "login", "--name", "Claude"]).await;
    assert_ne!(said.code, 0, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_bus_the_window_and_the_approval_still_work() {
    let seat = Seat::with(Options {
        bus: false,
        ..Options::default()
    })
    .await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    let told = notice(&person.window, "no_notifications").await;
    assert!(told.contains("tray and window"), "{told}");
    person
        .window
        .select("[data-testid=notice][data-code=no_notifications] [data-testid=dismiss]")
        .await
        .click()
        .await
        .unwrap();
    let gone = async || {
        let codes = person.window.source().await;
        (!codes.contains("data-code=\"no_notifications\"")).then_some(())
    };
    ma_tests::wait::eventually_async("the end of the notice", Duration::from_secs(10), gone).await;
    person.sends(&seat, &id).await;
    person.sees_it_leave().await;
}
