//! What can be missing, taken or in the way.

use std::time::Duration;

use ma_tests::desktop::Options;
use ma_tests::process::Process;
use ma_tests::wait::{eventually, eventually_async};
use ma_tests::webdriver::Page;
use tokio::net::TcpListener;

use super::person::Person;
use super::seat::{SOON, Seat, end};

async fn notice(window: &Page, code: &str) -> String {
    let notice = window
        .select(&format!("[data-testid=notice][data-code={code}]"))
        .await;
    notice.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_the_start_ends_with_a_sentence() {
    let seat = Seat::with(Options {
        bus: false,
        window_manager: false,
        ..Options::default()
    })
    .await;
    let mut command = seat.app();
    command.env("DISPLAY", "");
    let said = end(&mut Process::start(&command)).await;
    assert_eq!(said.code, 1, "{said:?}");
    let sentence = "Mechanical Advantage does not start: no display can be opened.";
    assert!(said.err.contains(sentence), "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_notification_daemon_the_tray_and_the_window_tell() {
    let seat = Seat::with(Options {
        notifications: false,
        ..Options::default()
    })
    .await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    notice(&person.window, "no_notifications").await;
    seat.tray_shows("1 proposal waits for you").await;
    person.reads(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_a_stranger_holds_is_told_with_the_strangers_name() {
    let seat = Seat::new().await;
    let _stranger = TcpListener::bind(("127.0.0.1", seat.page_port))
        .await
        .unwrap();
    let window = seat.open().await;
    let told = notice(&window, "page_door_shut").await;
    assert!(
        told.contains(&format!("(process {})", std::process::id())),
        "{told}"
    );
    assert!(told.contains("MA_APPROVAL_PORT"), "{told}");
    seat.tray_shows("!! Nothing can be approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_opens_the_window_of_the_first_and_ends() {
    let seat = Seat::new().await;
    let mut first = Process::start(seat.app().arg("--hidden"));
    seat.tray_shows("Nothing waits for you").await;
    assert!(!window_is_open(&seat));
    let mut second = Process::start(&seat.app());
    let said = end(&mut second).await;
    assert_eq!(said.code, 0, "{said:?}");
    eventually("the window of the first", SOON, || {
        window_is_open(&seat).then_some(())
    })
    .await;
    assert!(first.is_running());
    seat.choose("Quit").await;
    assert!(first.ended(SOON).await.success(), "{}", first.errors());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_without_a_session_bus_says_that_the_first_runs() {
    let seat = Seat::with(Options {
        bus: false,
        ..Options::default()
    })
    .await;
    let mut first = Process::start(&seat.app());
    eventually("the window", SOON, || window_is_open(&seat).then_some(())).await;
    let said = end(&mut Process::start(&seat.app())).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("already runs with this folder"),
        "{said:?}"
    );
    first.signal("TERM");
    assert!(first.ended(SOON).await.success(), "{}", first.errors());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_start_opens_its_window_from_the_tray() {
    let seat = Seat::new().await;
    let (window, ()) = tokio::join!(seat.open_with(&["--hidden"], &[]), async {
        seat.tray_shows("Nothing waits for you").await;
        assert!(!window_is_open(&seat));
        seat.choose("Settings").await;
    });
    window.find("welcome").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_passkey_approves_nothing_and_can_be_tried_again() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    person.reads(&id).await;
    person.approves().await;
    person.opens_page(&seat).await;
    person.browser.set_verified(false).await;
    person.browser.page.click("confirm").await;
    let told = person
        .browser
        .page
        .wait_for_text("page-status", "No passkey was given")
        .await;
    assert!(told.contains("Nothing was approved"), "{told}");
    assert!(told.contains("Try again"), "{told}");
    person.foot("pending").await;
    let said = seat.ma_says(&["--quiet", "queue", "get", &id]).await;
    assert_eq!(said.out.trim(), "pending");

    person.browser.set_verified(true).await;
    person.gives_passkey().await;
    person.foot("held").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_left_or_closed_ends_the_gesture_in_the_window_too() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let page = &person.browser.page;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    person.reads(&id).await;
    person.approves().await;
    person.opens_page(&seat).await;
    page.goto("about:blank").await;
    person.window.wait_gone("code-words").await;
    person.foot("pending").await;
    // The browser may have kept the page: it has nothing to confirm any more.
    page.client.back().await.unwrap();
    page.wait_gone("confirm").await;

    person.approves().await;
    person.opens_page(&seat).await;
    let other = page.client.new_window(true).await.unwrap().handle;
    page.client.close_window().await.unwrap();
    page.client.switch_to_window(other).await.unwrap();
    person.window.wait_gone("code-words").await;
    person.foot("pending").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_link_that_is_opened_twice_raises_an_alarm_and_works_no_more() {
    let seat = Seat::new().await;
    let person = Person::ready(&seat).await;
    let id = seat
        .propose("mara@practice.test", "Friday", "Does Friday suit you?")
        .await;
    person.reads(&id).await;
    person.approves().await;
    let address = person.opens_page(&seat).await;
    let again = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = again.get(&address).send().await.unwrap();
    assert_eq!(answer.status(), 410);

    let told = notice(&person.window, "link_opened_twice").await;
    assert!(told.contains("nothing was approved"), "{told}");
    seat.tray_shows("!! An approval link was opened twice")
        .await;
    let alarm = seat
        .desktop
        .notifications()
        .wait_for("opened twice", SOON)
        .await;
    assert_eq!(alarm.urgency, Some(2));
    person.window.wait_gone("code-words").await;

    // Whoever has the first page gets nothing from it.
    person.browser.page.click("confirm").await;
    person.phase("refused").await;
    person.foot("pending").await;
    eventually_async(
        "the end of the alarm",
        Duration::from_secs(10),
        async || person.window.find("dismiss").await.click().await.ok(),
    )
    .await;
    person.window.wait_gone("notice").await;
    seat.tray_shows("1 proposal waits for you").await;
}

/// What the window manager shows; a program has windows that nobody sees.
fn window_is_open(seat: &Seat) -> bool {
    let mut command = seat.desktop.command("xprop");
    let shown = command
        .args(["-root", "_NET_CLIENT_LIST"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&shown.stdout).contains("0x")
}
