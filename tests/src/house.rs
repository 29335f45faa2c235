//! The whole app but its shell: engine, agents' door and approval page on free
//! ports in a throwaway home, with a software passkey in place of a finger.

mod agent;
mod keychain;

pub use agent::{Agent, Asked, ask_to_pair, mail};
pub use keychain::{Keychain, TestKeychain};

use crate::authenticator::{Knobs, SoftPasskey};
use crate::folder::Folder;
use ma_core::{Inbox, Millis};
use ma_engine::view::CeremonyView;
use ma_engine::{Browser, Clock, Config, Engine, SystemClock};
use ma_page::Assets;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A clock that a test can set forward.
#[derive(Debug, Default)]
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Millis {
        SystemClock.now() + self.0.load(Ordering::SeqCst)
    }
}

/// A browser that only remembers what it was asked to open.
#[derive(Debug, Default)]
pub struct CaughtBrowser(Mutex<Vec<String>>);

impl Browser for CaughtBrowser {
    fn open(&self, url: &str) -> Result<(), String> {
        self.0.lock().unwrap().push(url.to_owned());
        Ok(())
    }
}

/// How a house is built.
#[derive(Clone)]
pub struct Plan {
    /// How long an approved item waits.
    pub hold: Duration,
    /// Limits of the engine.
    pub limits: ma_engine::Limits,
    /// Limits of the agents' door.
    pub door: ma_api::Limits,
    /// Where the secrets are.
    pub keychain: Keychain,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            hold: Duration::from_millis(150),
            limits: ma_engine::Limits {
                smtp_step: Duration::from_secs(2),
                smtp_final: Duration::from_secs(3),
                ..ma_engine::Limits::default()
            },
            door: ma_api::Limits::default(),
            keychain: Keychain::default(),
        }
    }
}

/// The running house.
pub struct House {
    /// Its home folder.
    pub home: Arc<Folder>,
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Where the agents' door listens.
    pub agent_port: u16,
    /// Where the approval page is.
    pub page_port: u16,
    /// The person's finger.
    pub passkey: Mutex<SoftPasskey>,
    /// The HTTP client of the browser's and the agents' side.
    pub http: reqwest::Client,
    browser: Arc<CaughtBrowser>,
    tasks: Vec<JoinHandle<()>>,
    plan: Plan,
}

impl Drop for House {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The page's built files, or bare ones that hold its JSON block.
pub fn page_assets() -> Assets {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-ui/dist-page");
    let read = |name: &str, bare: &str| -> &'static str {
        let text = std::fs::read_to_string(dist.join(name)).unwrap_or_else(|_| bare.to_owned());
        Box::leak(text.into_boxed_str())
    };
    Assets {
        html: read(
            "approve.html",
            "<script type=\"application/json\" id=\"page\"></script>",
        ),
        js: read("page.js", ""),
        css: read("page.css", ""),
    }
}

/// What stands in the JSON block of a served page.
pub fn page_block(text: &str) -> Value {
    let (_, rest) = text
        .split_once("<script type=\"application/json\" id=\"page\">")
        .expect("the JSON block");
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

impl House {
    /// A new house, without passkey or agent.
    pub async fn empty() -> Self {
        Self::with(Plan::default()).await
    }

    /// A new house of that plan.
    pub async fn with(plan: Plan) -> Self {
        Self::at(Arc::new(Folder::new()), plan, SoftPasskey::new()).await
    }

    /// A house that has its passkey.
    pub async fn ready() -> Self {
        let house = Self::empty().await;
        house.enrol().await;
        house
    }

    /// A house that has its passkey, of that plan.
    pub async fn ready_with(plan: Plan) -> Self {
        let house = Self::with(plan).await;
        house.enrol().await;
        house
    }

    /// The house of that home.
    pub async fn at(home: Arc<Folder>, plan: Plan, passkey: SoftPasskey) -> Self {
        let agents = ma_engine::loopback::bind(0).expect("a free port");
        let page = ma_engine::loopback::bind(0).expect("a free port");
        let port = |l: &[std::net::TcpListener]| l[0].local_addr().unwrap().port();
        let (agent_port, page_port) = (port(&agents), port(&page));
        let config = Config {
            hold: plan.hold,
            limits: plan.limits,
            ..Config::new(home.join("home"), agent_port, page_port)
        };
        let vault = TestKeychain::new(&home.join("keychain"), plan.keychain);
        let browser = Arc::new(CaughtBrowser::default());
        let clock = Arc::new(TestClock::default());
        let engine = Engine::open(
            config,
            Arc::new(vault),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&browser) as Arc<dyn Browser>,
        )
        .await
        .expect("the engine opens");
        let inbox: Arc<dyn Inbox> = Arc::clone(&engine) as Arc<dyn Inbox>;
        let door = ma_api::serve(agents, inbox, plan.door.clone(), std::future::pending());
        let approvals = ma_page::serve(page, Arc::clone(&engine), page_assets());
        let tasks = vec![
            tokio::spawn(async move { door.await.expect("the agents' door") }),
            tokio::spawn(async move { approvals.await.expect("the approval page") }),
        ];
        Self {
            home,
            engine,
            clock,
            agent_port,
            page_port,
            passkey: Mutex::new(passkey),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            browser,
            tasks,
            plan,
        }
    }

    /// The same home again, as after quitting and starting the app.
    pub async fn restart(self) -> Self {
        let plan = self.plan.clone();
        self.restart_with(plan).await
    }

    /// The same home again, of another plan.
    pub async fn restart_with(self, plan: Plan) -> Self {
        let (home, passkey) = self.stop().await;
        Self::at(home, plan, passkey).await
    }

    /// Closes the house. What is left: its home and the finger.
    pub async fn stop(self) -> (Arc<Folder>, SoftPasskey) {
        self.engine.shutdown().await;
        let home = Arc::clone(&self.home);
        let passkey = self.passkey.lock().unwrap().clone();
        drop(self);
        // The writer ends after what is waiting; the file is free then.
        tokio::time::sleep(Duration::from_millis(50)).await;
        (home, passkey)
    }

    /// Sets the clock forward, in milliseconds.
    pub fn clock_forward(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
        self.engine.look_again();
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.home.join("home").join("ma.sqlite3")
    }

    /// The origin of the page.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.page_port)
    }

    /// The address of the agents' door.
    pub fn door(&self) -> String {
        format!("http://127.0.0.1:{}", self.agent_port)
    }

    /// The last address that the browser was asked to open.
    pub fn opened(&self) -> String {
        self.browser
            .0
            .lock()
            .unwrap()
            .last()
            .expect("an address")
            .clone()
    }

    /// Opens the page as a browser would. Gives what stands in its JSON block.
    pub async fn open(&self, url: &str) -> Result<Value, (u16, String)> {
        let response = self.http.get(url).send().await.expect("the page answers");
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        if status != 200 {
            return Err((status, text));
        }
        Ok(page_block(&text))
    }

    /// Sends the page's answer. Gives status and body.
    pub async fn finish(&self, secret: &Value, credential: &Value) -> (u16, Value) {
        let response = self
            .http
            .post(format!("{}/finish", self.origin()))
            .header("origin", self.origin())
            .json(&json!({"secret": secret, "credential": credential}))
            .send()
            .await
            .expect("the page answers");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// Answers a page as an honest browser and finger would.
    pub async fn gesture(&self, page: &Value) -> (u16, Value) {
        self.gesture_with(page, &Knobs::honest(&self.origin()))
            .await
    }

    /// Answers a page as the knobs say.
    pub async fn gesture_with(&self, page: &Value, knobs: &Knobs) -> (u16, Value) {
        let options = &page["ask"]["options"];
        let credential = {
            let mut passkey = self.passkey.lock().unwrap();
            match page["ask"]["kind"].as_str() {
                Some("create") => passkey.create(options, knobs),
                _ => passkey.get(options, knobs),
            }
        };
        self.finish(&page["secret"], &credential).await
    }

    /// Opens the page of the ceremony that was begun and confirms.
    pub async fn confirm(&self, begun: &CeremonyView) -> Value {
        let page = self.open(&self.opened()).await.expect("the page opens");
        assert_eq!(
            page["words"],
            json!(begun.words),
            "window and page show the same words"
        );
        let (status, reply) = self.gesture(&page).await;
        assert_eq!(status, 200, "{reply}");
        reply
    }

    /// Makes the first passkey.
    pub async fn enrol(&self) {
        let begun = self.engine.begin_enrolment("Test finger").await.unwrap();
        let reply = self.confirm(&begun).await;
        assert_eq!(reply["status"], "done");
    }

    /// Approves a proposal.
    pub async fn approve(&self, id: &str) {
        let begun = self
            .engine
            .begin_approval(id)
            .await
            .expect("an approval begins");
        self.confirm(&begun).await;
    }

    /// Opens the page for a proposal, without an answer yet.
    pub async fn approval_page(&self, id: &str) -> Value {
        self.engine
            .begin_approval(id)
            .await
            .expect("an approval begins");
        self.open(&self.opened()).await.expect("the page opens")
    }

    /// Connects an agent.
    pub async fn agent(&self, name: &str) -> Agent {
        let asked = self.ask_to_pair(name).await;
        let begun = self.engine.begin_pairing(&asked.pairing).await.unwrap();
        self.confirm(&begun).await;
        asked.agent
    }

    /// Lets an agent ask to connect.
    pub async fn ask_to_pair(&self, name: &str) -> Asked {
        ask_to_pair(&self.http, &self.door(), name).await
    }

    /// Connects an SMTP account on this computer and makes it the default.
    pub async fn connect(&self, address: &str, port: u16, user: &str, secret: &str) {
        let test = self
            .engine
            .add_account(ma_engine::view::AccountForm {
                address: address.to_owned(),
                name: String::new(),
                host: "127.0.0.1".to_owned(),
                port,
                user: user.to_owned(),
                secret: secret.to_owned(),
                certificate: String::new(),
            })
            .await
            .unwrap();
        assert!(test.works, "{test:?}");
        let settings = self.engine.settings().await.unwrap();
        let account = settings
            .accounts
            .iter()
            .find(|a| a.address == address)
            .unwrap();
        self.engine.set_default_account(&account.id).await.unwrap();
    }

    /// Runs SQL on the file, from outside the app, without triggers in the way.
    pub fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        let triggers: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for trigger in triggers {
            connection
                .execute_batch(&format!("DROP TRIGGER {trigger}"))
                .unwrap();
        }
        connection.execute_batch(sql).unwrap();
    }
}
