//! The person: one eye on the window, one on the browser, and a passkey.

use std::time::Duration;

use fantoccini::Locator;
use ma_tests::wait::{eventually_async, in_time};
use ma_tests::webdriver::{Browser, Page};

use super::seat::{SOON, Seat, end};

pub struct Person {
    pub window: Page,
    pub browser: Browser,
}

impl Person {
    /// Starts the application and a browser; nothing is set up.
    pub async fn sits_down(seat: &Seat) -> Self {
        let (window, browser) = tokio::join!(seat.open(), Browser::start());
        Self { window, browser }
    }

    /// One who has made a passkey and connected the agent Claude.
    pub async fn ready(seat: &Seat) -> Self {
        let person = Self::sits_down(seat).await;
        person.enrols(seat).await;
        person.pairs(seat).await;
        person
    }

    /// Makes the first passkey.
    pub async fn enrols(&self, seat: &Seat) {
        self.window.click("make-passkey").await;
        self.confirms(seat).await;
    }

    /// Connects Claude.
    pub async fn pairs(&self, seat: &Seat) {
        let mut login = seat.ma(&["auth", "login", "--name", "Claude"]);
        self.window.click("pair-confirm").await;
        self.confirms(seat).await;
        let said = end(&mut login).await;
        assert_eq!(said.code, 0, "{said:?}");
        self.window.wait_gone("pair-code").await;
    }

    /// Opens the page that the application asked for. Window and page show the
    /// same two words.
    pub async fn opens_page(&self, seat: &Seat) -> String {
        let address = seat.next_address().await;
        assert!(
            address.starts_with(&format!("{}/c/", seat.page_door())),
            "{address}"
        );
        let words = self.window.text("code-words").await;
        self.browser.page.goto(&address).await;
        assert_eq!(self.browser.page.text("words").await, words);
        assert_eq!(words.split_whitespace().count(), 2, "{words}");
        address
    }

    /// Opens the page and confirms with the passkey.
    pub async fn confirms(&self, seat: &Seat) {
        self.opens_page(seat).await;
        self.gives_passkey().await;
        self.window.wait_gone("code-words").await;
    }

    pub async fn gives_passkey(&self) {
        self.browser.page.click("confirm").await;
        self.phase("done").await;
    }

    /// Waits until the page is there.
    pub async fn phase(&self, phase: &str) {
        self.browser
            .page
            .select(&format!("[data-phase={phase}]"))
            .await;
    }

    /// Opens a proposal in the queue and reads it to its end.
    pub async fn reads(&self, id: &str) {
        // What has not arrived in the window yet is not in its queue.
        self.window.find("queue-count").await;
        self.window.click("tab-queue").await;
        let row = self
            .window
            .select(&format!("[data-testid=row][data-id=\"{id}\"]"))
            .await;
        row.click().await.unwrap();
        self.window
            .select(&format!(
                "[data-testid=row][data-id=\"{id}\"][aria-current=true]"
            ))
            .await;
        self.reads_to_the_end().await;
    }

    pub async fn reads_to_the_end(&self) {
        self.window.find("scroller").await;
        let script = "const s = document.querySelector('[data-testid=scroller]'); \
            s.scrollTo(0, s.scrollHeight)";
        self.window.run(script, Vec::new()).await;
        self.window
            .select("[data-testid=approve]:not([aria-disabled])")
            .await;
    }

    /// Presses Approve until it is heard: it sleeps a moment after each change.
    pub async fn approves(&self) {
        self.presses("approve", "code-words").await;
    }

    /// Reads, approves and confirms.
    pub async fn sends(&self, seat: &Seat, id: &str) {
        self.reads(id).await;
        self.approves().await;
        self.confirms(seat).await;
        self.foot("held").await;
    }

    /// Clicks until something is there.
    pub async fn presses(&self, id: &str, effect: &str) {
        eventually_async(&format!("{effect} after {id}"), SOON, async || {
            if self.window.has(effect).await {
                return Some(());
            }
            self.window.find(id).await.click().await.ok();
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        })
        .await;
    }

    /// Waits until the item stands there; what is held leaves after ten seconds.
    pub async fn foot(&self, state: &str) {
        let css = format!("[data-testid=foot][data-state={state}]");
        let there = in_time(SOON, async || {
            let found = self.window.client.find(Locator::Css(&css)).await;
            found.ok().map(drop)
        });
        let Some(()) = there.await else {
            panic!("waited {SOON:?} for {css}\n{}", self.window.state().await);
        };
    }

    /// Waits until the mail that is open has left.
    pub async fn sees_it_leave(&self) {
        self.foot("executed").await;
        self.window.wait_for_text("ended", "Sent").await;
    }

    /// Presses a key until something is there.
    pub async fn key_until(&self, key: &str, effect: &str) {
        eventually_async(&format!("{effect} after {key}"), SOON, async || {
            if self.window.has(effect).await {
                return Some(());
            }
            self.types(key).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        })
        .await;
    }

    /// Types keys, as if nothing in particular had the focus.
    pub async fn types(&self, keys: &str) {
        let focused = self.window.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }
}
