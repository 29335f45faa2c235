//! A hostile page in the person's own browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Html;
use axum::routing::{any, get};
use ma_tests::house::page_block;
use ma_tests::webdriver::{Browser, Page};
use serde_json::{Value, json};

use super::person::Person;
use super::seat::{Seat, between};

const ATTEMPTS: &str = include_str!("hostile.js");
const REBOUND: &str = "evil.test";

/// A person at work: an agent is connected, a mail waits, its page was asked
/// for and is not opened yet.
struct Scene {
    seat: Seat,
    person: Person,
    id: String,
    address: String,
    key: String,
    log: String,
}

impl Scene {
    async fn new() -> Self {
        let seat = Seat::new().await;
        let flag = format!("--host-resolver-rules=MAP {REBOUND} 127.0.0.1");
        let flags = [flag.as_str()];
        let (window, browser) = tokio::join!(seat.open(), Browser::start_with(&flags));
        let person = Person { window, browser };
        person.enrols(&seat).await;
        person.pairs(&seat).await;
        let id = seat
            .propose("mara@practice.test", "Friday", "Does Friday suit you?")
            .await;
        person.reads(&id).await;
        person.approves().await;
        let address = seat.next_address().await;
        let stored = std::fs::read(seat.home().join("cli").join("agent.json")).unwrap();
        let stored: Value = serde_json::from_slice(&stored).unwrap();
        let key = stored["token"].as_str().unwrap().to_owned();
        let log = log(&person.window).await;
        Self {
            seat,
            person,
            id,
            address,
            key,
            log,
        }
    }

    /// Every attempt from the page that is open in the browser, with a stolen
    /// key and the known path of the approval page.
    async fn attack(&self) -> Vec<String> {
        let (_, path) = self.address.rsplit_once(&self.seat.page_door()).unwrap();
        let mail = json!({
            "action": {
                "type": "email.send",
                "to": [{"address": "mara@practice.test"}],
                "subject": "Hostile",
                "text": "Hostile",
            },
            "reason": "Hostile",
        });
        let pairing = json!({"name": "Hostile", "key_sha256": "0".repeat(64)});
        let answer = json!({"secret": "0".repeat(43), "credential": {}});
        let agents = self.seat.agents_door();
        let by_name = agents.replace("127.0.0.1", "localhost");
        let numbers = self.seat.page_door().replace("localhost", "127.0.0.1");
        let mut readable = Vec::new();
        for (door, paths, body) in [
            (
                agents.as_str(),
                json!([
                    "/v1/hello?nonce=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
                    "/v1/pairings"
                ]),
                &pairing,
            ),
            (agents.as_str(), json!(["/v1/proposals"]), &mail),
            (by_name.as_str(), json!(["/v1/pairings"]), &pairing),
            (
                self.seat.page_door().as_str(),
                json!([path, "/finish", "/cancel", "/page.js"]),
                &answer,
            ),
            (numbers.as_str(), json!([path]), &answer),
        ] {
            readable.extend(self.attempts(door, &paths, body).await);
        }
        readable
    }

    async fn attempts(&self, door: &str, paths: &Value, body: &Value) -> Vec<String> {
        let script = ATTEMPTS
            .replace("DOOR", &json!(door).to_string())
            .replace("PATHS", &paths.to_string())
            .replace("BODY", &json!(body.to_string()).to_string())
            .replace("KEY", &json!(self.key).to_string());
        let found = self.person.browser.page.run_async(&script).await;
        let found = found.as_array().unwrap_or_else(|| panic!("{found}"));
        found
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect()
    }

    /// Nothing came through, and the person can go on as if nothing had been.
    async fn is_untouched(&self) {
        let window = &self.person.window;
        assert_eq!(log(window).await, self.log, "the log");
        window.click("tab-queue").await;
        assert_eq!(window.texts("row").await.len(), 1);
        assert!(!window.has("pairing-row").await && !window.has("notice").await);
        self.person.foot("pending").await;
        let words = window.text("code-words").await;
        self.person.browser.page.goto(&self.address).await;
        assert_eq!(self.person.browser.page.text("words").await, words);
        self.person.gives_passkey().await;
        self.person.foot("held").await;
        assert_eq!(self.seat.addresses().len(), 3);
        let said = self
            .seat
            .ma_says(&["--quiet", "queue", "get", &self.id])
            .await;
        assert_eq!(said.out.trim(), "held");
    }
}

/// How many entries the log has, and its root.
async fn log(window: &Page) -> String {
    window.click("tab-settings").await;
    let shown = window.wait_for_text("settings", "Root").await;
    let shown: Vec<_> = shown.split_whitespace().collect();
    let log = between(&shown.join(" "), " Log ", " Folder").to_owned();
    window.click("tab-queue").await;
    log
}

/// Another site: an empty page, at a port of its own.
async fn site() -> u16 {
    let page = "<!doctype html><title>Another site</title><body>";
    serve(Router::new().route("/", get(async move || Html(page)))).await
}

async fn serve(router: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async { axum::serve(listener, router).await });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attempts_work_against_a_door_that_lets_anyone_in() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let open = any(async move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            (
                "access-control-allow-headers",
                "authorization, content-type",
            ),
            ("content-type", "text/css"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        (headers, "/* read */")
    });
    let door = serve(Router::new().route("/v1", open)).await;
    let browser = Browser::start().await;
    browser
        .page
        .goto(&format!("http://localhost:{}/", site().await))
        .await;
    let script = ATTEMPTS
        .replace("DOOR", &format!("\"http://127.0.0.1:{door}\""))
        .replace("PATHS", "[\"/v1\"]")
        .replace("BODY", "\"{}\"")
        .replace("KEY", "\"key\"");
    let found = browser.page.run_async(&script).await.to_string();
    for way in [
        "cors GET",
        "keyed GET",
        "HEAD",
        "plain POST",
        "JSON POST",
        "XMLHttpRequest",
        "style",
    ] {
        assert!(found.contains(way), "{way}: {found}");
    }
    let asked = asked.load(Ordering::SeqCst);
    assert!(asked >= 15, "{asked} requests arrived: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_site_at_an_address_of_this_computer_gets_through_no_door() {
    let scene = Scene::new().await;
    let page = &scene.person.browser.page;
    page.goto(&format!("http://127.0.0.1:{}/", site().await))
        .await;
    assert_eq!(scene.attack().await, Vec::<String>::new());
    scene.is_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_site_under_the_pages_own_host_name_gets_through_no_door() {
    let scene = Scene::new().await;
    let page = &scene.person.browser.page;
    page.goto(&format!("http://localhost:{}/", site().await))
        .await;
    assert_eq!(scene.attack().await, Vec::<String>::new());
    scene.is_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_rebound_to_this_computer_gets_through_no_door() {
    let scene = Scene::new().await;
    let page = &scene.person.browser.page;
    for port in [scene.seat.agent_port, scene.seat.page_port] {
        // The page has the door's own origin, but for its name.
        let origin = format!("http://{REBOUND}:{port}");
        page.goto(&format!("{origin}/v1/hello")).await;
        let (_, path) = scene.address.rsplit_once(&scene.seat.page_door()).unwrap();
        let script = format!(
            "const told = []; \
             for (const [method, path] of {}) {{ \
               const headers = {{ authorization: 'Bearer ' + {}, 'content-type': 'application/json' }}; \
               const options = method === 'GET' ? {{ headers }} : {{ method, headers, body: {} }}; \
               const answer = await fetch(path, options); \
               told.push(method + ' ' + path + ' ' + answer.status); \
             }} \
             return told;",
            json!([
                ["GET", "/v1/hello?nonce=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"],
                ["GET", "/v1/proposals"],
                ["POST", "/v1/pairings"],
                ["POST", "/v1/proposals"],
                ["GET", path],
                ["POST", "/finish"],
                ["POST", "/cancel"],
            ]),
            json!(scene.key),
            json!(json!({"name": "Hostile", "key_sha256": "0".repeat(64)}).to_string()),
        );
        let told = page.run_async(&script).await;
        let told = told.as_array().unwrap_or_else(|| panic!("{told}"));
        assert_eq!(told.len(), 7);
        for one in told {
            let status: u16 = one
                .as_str()
                .unwrap()
                .rsplit_once(' ')
                .unwrap()
                .1
                .parse()
                .unwrap();
            assert!((400..500).contains(&status), "{one}");
        }
    }
    page.goto(&format!("http://{REBOUND}:{}/", site().await))
        .await;
    assert_eq!(scene.attack().await, Vec::<String>::new());
    scene.is_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkeys_answer_from_another_port_of_the_same_host_is_refused_by_its_origin() {
    let scene = Scene::new().await;
    // A thief reads the page before the person does.
    let thief = reqwest::Client::builder().no_proxy().build().unwrap();
    let stolen = thief.get(&scene.address).send().await.unwrap();
    let stolen = page_block(&stolen.text().await.unwrap());
    let page = &scene.person.browser.page;
    let site = site().await;
    page.goto(&format!("http://localhost:{site}/")).await;
    let script = format!(
        "const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({}); \
         return (await navigator.credentials.get({{ publicKey }})).toJSON();",
        stolen["ask"]["options"]
    );
    // The name is the same, so the passkey does answer.
    let credential = page.run_async(&script).await;
    assert!(
        credential["response"]["signature"].is_string(),
        "{credential}"
    );
    let origin = scene.seat.page_door();
    let answer = thief
        .post(format!("{origin}/finish"))
        .header("origin", &origin)
        .json(&json!({"secret": stolen["secret"], "credential": credential}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
    let told: Value = answer.json().await.unwrap();
    assert!(
        told["message"]
            .as_str()
            .unwrap()
            .contains("othing was approved"),
        "{told}"
    );
    scene.person.foot("pending").await;
    let said = scene
        .seat
        .ma_says(&["--quiet", "queue", "get", &scene.id])
        .await;
    assert_eq!(said.out.trim(), "pending");
}
