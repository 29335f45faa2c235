//! The whole app but its shell: engine, agents' door and approval page on free
//! ports in a throwaway home, with a software passkey in place of a finger.

use crate::authenticator::{Knobs, SoftPasskey};
use crate::folder::Folder;
use ma_core::{Inbox, Millis};
use ma_engine::vault::{FileVault, Secret, Vault, VaultClass, VaultError};
use ma_engine::view::CeremonyView;
use ma_engine::{Browser, Clock, Config, Engine, SystemClock};
use ma_page::Assets;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
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

/// What keeps the secrets.
#[derive(Debug, Clone, Copy, Default)]
pub enum Keychain {
    /// A keychain that is open.
    #[default]
    Open,
    /// One that is locked.
    Locked,
    /// One that writes nothing before it is told to, or a minute is over.
    Stuck(&'static AtomicBool),
    /// None: files, which are weaker.
    Absent,
}

/// A keychain of the test's own: files, of the class that the test wants.
#[derive(Debug)]
pub struct TestKeychain {
    files: FileVault,
    kind: Keychain,
}

impl TestKeychain {
    /// A keychain in that folder.
    pub fn new(folder: &Path, kind: Keychain) -> Self {
        Self {
            files: FileVault::new(folder),
            kind,
        }
    }
}

impl Vault for TestKeychain {
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match self.kind {
            Keychain::Locked => Err(VaultError::Locked),
            Keychain::Open | Keychain::Stuck(_) | Keychain::Absent => self.files.read(name),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        match self.kind {
            Keychain::Locked => return Err(VaultError::Locked),
            Keychain::Stuck(free) => {
                let end = Instant::now() + Duration::from_secs(60);
                while !free.load(Ordering::SeqCst) && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            Keychain::Open | Keychain::Absent => {}
        }
        self.files.write(name, secret)
    }

    fn class(&self) -> VaultClass {
        match self.kind {
            Keychain::Absent => VaultClass::File,
            Keychain::Open | Keychain::Locked | Keychain::Stuck(_) => VaultClass::Keychain,
        }
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

/// Lets an agent ask to connect at that door.
pub async fn ask_to_pair(http: &reqwest::Client, door: &str, name: &str) -> Asked {
    let hello: Value = http
        .get(format!("{door}/v1/hello?nonce={}", "n".repeat(32)))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let install = hello["install_id"]
        .as_str()
        .expect("an installation")
        .to_owned();
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).unwrap();
    let token = ma_protocol::AgentKey::new(&install, &ma_receipt::base64url(&secret))
        .expect("a key")
        .expose()
        .to_owned();
    let asked: Value = http
        .post(format!("{door}/v1/pairings"))
        .json(&json!({
            "name": name,
            "key_sha256": ma_core::Digest::of(token.as_bytes()).hex(),
        }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    Asked {
        pairing: asked["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{asked}"))
            .to_owned(),
        code: asked["code"].as_str().unwrap().to_owned(),
        agent: Agent {
            http: http.clone(),
            door: door.to_owned(),
            token,
        },
    }
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

/// An agent's request to connect.
pub struct Asked {
    /// The request's id.
    pub pairing: String,
    /// The code that both sides show.
    pub code: String,
    /// The agent, once it is connected.
    pub agent: Agent,
}

/// An agent with its key.
#[derive(Clone)]
pub struct Agent {
    http: reqwest::Client,
    door: String,
    /// Its key.
    pub token: String,
}

impl Agent {
    /// The same key at another address of the door (after a restart).
    #[must_use]
    pub fn at(&self, house: &House) -> Self {
        Self {
            door: house.door(),
            ..self.clone()
        }
    }

    /// GET. Gives status and body.
    pub async fn read(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.door));
        Self::answer(request.bearer_auth(&self.token)).await
    }

    /// POST. Gives status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.door)).json(body);
        Self::answer(request.bearer_auth(&self.token)).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.expect("the door answers");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// Proposes; the door has to take it. Gives the proposal.
    pub async fn propose(&self, action: Value) -> Value {
        let (status, body) = self
            .post(
                "/v1/proposals",
                &json!({"action": action, "reason": "you asked me to"}),
            )
            .await;
        assert_eq!(status, 202, "{body}");
        body
    }

    /// Proposes a short mail. Gives the proposal's id.
    pub async fn propose_mail(&self, to: &str, subject: &str) -> String {
        let proposal = self.propose(mail(to, subject)).await;
        proposal["id"].as_str().unwrap().to_owned()
    }

    /// Where a proposal stands now.
    pub async fn state(&self, id: &str) -> String {
        let (status, body) = self.read(&format!("/v1/proposals/{id}")).await;
        assert_eq!(status, 200, "{body}");
        body["state"].as_str().unwrap().to_owned()
    }

    /// Waits for the end of a proposal.
    pub async fn wait(&self, id: &str) -> Value {
        for _ in 0..3 {
            let (_, body) = self.read(&format!("/v1/proposals/{id}?wait=10")).await;
            let state = body["state"].as_str().unwrap_or_default();
            if !matches!(state, "pending" | "held" | "executing") {
                return body;
            }
        }
        panic!("{id} did not end in 30 seconds")
    }
}

/// A short mail as an agent writes it.
pub fn mail(to: &str, subject: &str) -> Value {
    json!({
        "type": "email.send",
        "to": [{"address": to}],
        "subject": subject,
        "text": "Does Friday at ten suit you?\n",
    })
}
