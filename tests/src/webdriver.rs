//! A browser and the application's window, driven over WebDriver.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, Locator, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::desktop::Desktop;
use crate::folder::Folder;
use crate::process::Process;
use crate::wait::{eventually_async, free_port};

const READY: Duration = Duration::from_secs(30);
/// How long the lookups wait for what they look for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMIUM_FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
];

/// A page in a driven browser. Both end with the value.
#[derive(Debug)]
pub struct Page {
    /// The session, for whatever has no method here.
    pub client: Client,
    driver: Process,
    _folder: Folder,
}

impl Page {
    /// Opens the application's window: starts `binary` in `desktop` with these
    /// arguments and further variables, and waits for its first window.
    pub async fn of_app(
        desktop: &Desktop,
        binary: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let port = free_port();
        let mut command = desktop.command("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1");
        command
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(variables.iter().copied());
        let options = json!({ "binary": binary, "args": arguments });
        let capabilities = json!({ "webkitgtk:browserOptions": options });
        Self::open(&command, port, capabilities, Folder::new()).await
    }

    /// Goes to this address.
    pub async fn goto(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
    }

    /// The element with this `data-testid`, as soon as it is there.
    pub async fn find(&self, id: &str) -> Element {
        self.select(&format!("[data-testid=\"{id}\"]")).await
    }

    /// The first element that a CSS selector finds, as soon as it is there.
    pub async fn select(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE).every(PAUSE);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}\n{}", self.source().await),
        }
    }

    /// Whether an element with this `data-testid` is there now.
    pub async fn has(&self, id: &str) -> bool {
        let css = format!("[data-testid=\"{id}\"]");
        let found = self.client.find_all(Locator::Css(&css)).await;
        !found.expect("an answer").is_empty()
    }

    /// The shown text of the element with this `data-testid`.
    pub async fn text(&self, id: &str) -> String {
        self.find(id).await.text().await.expect("a text")
    }

    /// The shown text of every element with this `data-testid`, in order.
    pub async fn texts(&self, id: &str) -> Vec<String> {
        let css = format!("[data-testid=\"{id}\"]");
        let mut texts = Vec::new();
        for element in self
            .client
            .find_all(Locator::Css(&css))
            .await
            .expect("an answer")
        {
            texts.push(element.text().await.expect("a text"));
        }
        texts
    }

    /// Waits until the text of the element with this `data-testid` contains
    /// `part`, and gives the whole.
    pub async fn wait_for_text(&self, id: &str, part: &str) -> String {
        let what = format!("{part:?} in {id}");
        eventually_async(&what, PATIENCE, async || {
            // The element may be replaced between the two questions.
            let css = format!("[data-testid=\"{id}\"]");
            let text = self
                .client
                .find(Locator::Css(&css))
                .await
                .ok()?
                .text()
                .await
                .ok()?;
            text.contains(part).then_some(text)
        })
        .await
    }

    /// Waits until no element has this `data-testid`.
    pub async fn wait_gone(&self, id: &str) {
        let what = format!("the end of {id}");
        eventually_async(&what, PATIENCE, async || {
            (!self.has(id).await).then_some(())
        })
        .await;
    }

    /// Clicks the element with this `data-testid` when it can be clicked.
    pub async fn click(&self, id: &str) {
        let what = format!("a click on {id}");
        eventually_async(&what, PATIENCE, async || {
            let element = self.find(id).await;
            let ready = element.is_enabled().await.ok()? && element.is_displayed().await.ok()?;
            if !ready {
                return None;
            }
            element.click().await.ok()
        })
        .await;
    }

    /// Replaces the text of the field with this `data-testid`.
    pub async fn fill(&self, id: &str, text: &str) {
        let element = self.find(id).await;
        element.clear().await.expect("an empty field");
        element.send_keys(text).await.expect("a filled field");
    }

    /// Runs JavaScript, e.g. `return document.title`.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .expect("a script")
    }

    /// Awaits a promise: `script` is the body of an async function.
    pub async fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async () => {{ {script} }})().then(done, error => done(`failed: ${{error}}`));"
        );
        self.client
            .execute_async(&script, Vec::new())
            .await
            .expect("a script")
    }

    /// What the page shows, as a PNG file.
    pub async fn screenshot(&self, path: &Path) {
        let png = self.client.screenshot().await.expect("a screenshot");
        std::fs::write(path, png).expect("a file");
    }

    /// The page as HTML, as it is now.
    pub async fn source(&self) -> String {
        self.client.source().await.unwrap_or_default()
    }

    /// For the words of a failure: what the page shows, and what was printed.
    pub async fn state(&self) -> String {
        format!("{}\n{}", self.source().await, self.log())
    }

    /// What the driver and the browser printed until now.
    pub fn log(&self) -> String {
        self.driver.output() + &self.driver.errors()
    }

    async fn open(command: &Command, port: u16, capabilities: Value, folder: Folder) -> Self {
        let driver = Process::start(command);
        let Value::Object(capabilities) = capabilities else {
            panic!("capabilities are an object");
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(Capabilities::from_iter(capabilities));
        eventually_async("the driver", READY, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()
                .map(drop)
        })
        .await;
        match builder.connect(&format!("http://127.0.0.1:{port}")).await {
            Ok(client) => Self {
                client,
                driver,
                _folder: folder,
            },
            Err(error) => panic!("{error}\n{}{}", driver.output(), driver.errors()),
        }
    }
}

/// A headless Chromium with a virtual authenticator.
#[derive(Debug)]
pub struct Browser {
    /// Its page.
    pub page: Page,
    authenticator: String,
}

impl Browser {
    /// Starts one whose person is there and is verified.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further command-line flags.
    pub async fn start_with(more: &[&str]) -> Self {
        let folder = Folder::new();
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command
            .arg(format!("--port={port}"))
            .env("HOME", folder.subfolder("home"));
        let mut flags: Vec<_> = CHROMIUM_FLAGS.map(String::from).into();
        flags.push(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ));
        flags.extend(more.iter().map(ToString::to_string));
        let options = json!({ "binary": CHROMIUM, "args": flags });
        let capabilities =
            json!({ "goog:chromeOptions": options, "webauthn:virtualAuthenticators": true });
        let page = Page::open(&command, port, capabilities, folder).await;
        let authenticator = add_authenticator(&page.client, true).await;
        Self {
            page,
            authenticator,
        }
    }

    /// Whether the person passes the verification from now on.
    pub async fn set_verified(&self, verified: bool) {
        self.ask(
            Method::POST,
            "uv",
            Some(json!({ "isUserVerified": verified })),
        )
        .await;
    }

    /// The passkeys that the authenticator holds.
    pub async fn credentials(&self) -> Vec<Value> {
        let answer = self.ask(Method::GET, "credentials", None).await;
        answer.as_array().expect("a list").clone()
    }

    /// Forgets one passkey, by its `credentialId`.
    pub async fn remove_credential(&self, id: &str) {
        self.ask(Method::DELETE, &format!("credentials/{id}"), None)
            .await;
    }

    /// Gives the authenticator a passkey, as [`Self::credentials`] lists it.
    pub async fn add_credential(&self, credential: Value) {
        self.ask(Method::POST, "credential", Some(credential)).await;
    }

    /// Puts another, empty authenticator in the place of this one.
    pub async fn replace_authenticator(&mut self, verified: bool) {
        self.ask(Method::DELETE, "", None).await;
        self.authenticator = add_authenticator(&self.page.client, verified).await;
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let path = format!("{}/{path}", self.authenticator);
        issue(&self.page.client, method, path.trim_end_matches('/'), body)
            .await
            .expect("webauthn")
    }
}

async fn add_authenticator(client: &Client, verified: bool) -> String {
    let options = json!({
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": true,
        "hasUserVerification": true,
        "isUserConsenting": true,
        "isUserVerified": verified,
    });
    match issue(client, Method::POST, "", Some(options)).await {
        Ok(Value::String(id)) => id,
        other => panic!("no authenticator: {other:?}"),
    }
}

async fn issue(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<Value, CmdError> {
    client
        .issue_cmd(WebAuthn {
            method,
            path: path.to_owned(),
            body,
        })
        .await
}

/// A command of the WebAuthn extension.
struct WebAuthn {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl fmt::Debug for WebAuthn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "webauthn {} {}", self.method, self.path)
    }
}

impl WebDriverCompatibleCommand for WebAuthn {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        let slash = if self.path.is_empty() { "" } else { "/" };
        base.join(&format!(
            "session/{session}/webauthn/authenticator{slash}{}",
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (
            self.method.clone(),
            self.body.as_ref().map(Value::to_string),
        )
    }
}

/// A program that this workspace built, e.g. `ma`: it lies beside the tests.
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().nth(2).expect("the build's folder");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is not built: cargo build --workspace --bins",
        path.display()
    );
    path
}

#[cfg(test)]
mod tests;
