//! Pictures of the window and of the approval page, to look at. They are in
//! `target/screenshots`; with `UPDATE=1` the one in the README is made anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use ma_tests::desktop::Options;
use ma_tests::webdriver::{Browser, Page};
use serde_json::json;

use super::person::Person;
use super::seat::Seat;

const WIDTH: u32 = 1040;
const HEIGHT: u32 = 720;
const NARROW: u32 = 360;
/// A picture that the README shows.
const LARGEST: u64 = 300 << 10;

const AGREED: &str = "Dear Mara,

thank you for the walk through the workshop on Tuesday. As agreed, here is what we settled:

The June invoice is attached. It covers the second stage, 14 days at the agreed rate, and the two extra hours for the print room. Nothing else was added.

For July we begin on Monday the 6th at nine. Jonas brings the drawings, and I bring the samples in oak and ash. If the floor is not dry by then, we move to Wednesday the 8th.

The door to the yard stays closed until the inspection. Please tell the night watch.

One question is open: does the committee want the report as one document, or one for each room? We wrote it so that both are possible, and it takes us an hour either way.

If anything here differs from what you remember, tell me before Friday, and we look at it together.

Kind regards
Ines";

/// The colours that the desktop asks for.
#[derive(Clone, Copy)]
enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn is_dark(self) -> bool {
        matches!(self, Self::Dark)
    }

    fn theme(self) -> &'static str {
        match self {
            Self::Light => "Adwaita",
            Self::Dark => "Adwaita:dark",
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_and_the_page_in_light_as_they_are() {
    pictures(Scheme::Light).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_and_the_page_in_dark_as_they_are() {
    pictures(Scheme::Dark).await;
}

async fn pictures(scheme: Scheme) {
    let seat = Seat::with(Options {
        screen: (2560, 1800),
        ..Options::default()
    })
    .await;
    let variables = [("GTK_THEME", scheme.theme()), ("GDK_SCALE", "2")];
    let size = format!("--window-size={WIDTH},{HEIGHT}");
    let mut flags = vec!["--force-device-scale-factor=2", &size];
    if scheme.is_dark() {
        flags.push("--force-dark-mode");
    }
    let (window, browser) =
        tokio::join!(seat.open_with(&[], &variables), Browser::start_with(&flags));
    let person = Person { window, browser };
    let window = &person.window;
    window.find("make-passkey").await;
    assert_eq!(is_dark(window).await, scheme.is_dark());
    assert_eq!(is_dark(&person.browser.page).await, scheme.is_dark());
    take(window, scheme, "welcome").await;

    person.enrols(&seat).await;
    person.pairs(&seat).await;
    let first = mail(
        &seat,
        "Dana Whitlock <dana@practice.test>",
        "The key to the archive",
        "The key is with the night watch.",
        None,
    )
    .await;
    person.reads(&first).await;
    person.approves().await;
    person.confirms(&seat).await;
    person.sees_it_leave().await;
    mail(
        &seat,
        "Jonas Brandt <jonas@practice.test>",
        "Drawings for Monday",
        "Please bring the drawings of the first floor on Monday.",
        None,
    )
    .await;
    let id = mail(
        &seat,
        "Mara Olsen <mara@practice.test>",
        "June invoice, and July",
        AGREED,
        Some("dana@practice.test"),
    )
    .await;
    window
        .select(&format!("[data-testid=row][data-id=\"{id}\"]"))
        .await
        .click()
        .await
        .unwrap();
    window.wait_for_text("item-title", "June").await;
    take(window, scheme, "queue").await;
    person.reads_to_the_end().await;
    take(window, scheme, "item").await;
    review(scheme);
    window.click("reject").await;
    take(window, scheme, "reject").await;
    window.click("reject-cancel").await;

    person.approves().await;
    take(window, scheme, "waits").await;
    person.opens_page(&seat).await;
    take(&person.browser.page, scheme, "page").await;
    person.gives_passkey().await;
    take(&person.browser.page, scheme, "page-done").await;
    person.foot("held").await;
    take(window, scheme, "held").await;

    person.sees_it_leave().await;
    take(window, scheme, "sent").await;
    window.click("tab-history").await;
    window.find("row").await.click().await.unwrap();
    window.wait_for_text("receipt-verdict", "Verified").await;
    take(window, scheme, "history").await;
    window.click("tab-settings").await;
    window.find("secrets").await;
    take(window, scheme, "settings").await;
    window.click("add-account").await;
    window.find("account-form").await;
    take(window, scheme, "account").await;

    window.client.set_window_size(NARROW, HEIGHT).await.unwrap();
    window.click("tab-queue").await;
    window.find("queue").await;
    take(window, scheme, "narrow-queue").await;
    window.find("row").await.click().await.unwrap();
    person.reads_to_the_end().await;
    take(window, scheme, "narrow-item").await;
}

/// What the page sees of the desktop's colours.
async fn is_dark(page: &Page) -> bool {
    let script = "return matchMedia('(prefers-color-scheme: dark)').matches";
    page.run(script, Vec::new()).await == json!(true)
}

async fn mail(seat: &Seat, to: &str, subject: &str, text: &str, bcc: Option<&str>) -> String {
    let file = seat.folder.write("invoice-june.pdf", vec![b'%'; 182_400]);
    let file = file.to_str().unwrap();
    let mut arguments = vec![
        "--quiet",
        "email",
        "send",
        "--to",
        to,
        "--subject",
        subject,
        "--text",
        text,
        "--reason",
        "You asked me on Tuesday to write down what was agreed, and to send the invoice with it.",
    ];
    if let Some(bcc) = bcc {
        arguments.extend([
            "--cc",
            "Jonas Brandt <jonas@practice.test>",
            "--bcc",
            bcc,
            "--attach",
            file,
        ]);
    }
    let said = seat.ma_says(&arguments).await;
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().to_owned()
}

async fn take(page: &Page, scheme: Scheme, name: &str) {
    // The pointer's shade and the colours' change are over.
    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    page.screenshot(&picture(scheme, name)).await;
}

fn picture(scheme: Scheme, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}-{}.png", scheme.name()))
}

/// The picture of the README: fewer colours, so that it is small.
fn review(scheme: Scheme) {
    let wanted = std::env::var_os("UPDATE").is_some_and(|update| update == "1");
    if !wanted || scheme.is_dark() {
        return;
    }
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/review.png");
    let mut command = Command::new("convert");
    command.arg(picture(scheme, "item"));
    command.args([
        "-strip",
        "+dither",
        "-colors",
        "128",
        "-define",
        "png:compression-level=9",
    ]);
    assert!(command.arg(&shown).status().unwrap().success());
    let size = std::fs::metadata(&shown).unwrap().len();
    assert!(size < LARGEST, "{size} bytes");
}
