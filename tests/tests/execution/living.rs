//! The app in a process of its own, so that it can be killed, and the person
//! beside it: the passkey stays here.

use ma_tests::authenticator::{Knobs, SoftPasskey};
use ma_tests::folder::Folder;
use ma_tests::house::{Agent, ask_to_pair, page_block};
use ma_tests::sink::SmtpSink;
use ma_tests::wait::{eventually_async, free_port};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub const SOON: Duration = Duration::from_secs(20);

/// What outlives a process: its home, its ports, the person's passkey.
pub struct Site {
    pub folder: Folder,
    agent_port: u16,
    page_port: u16,
    passkey: Mutex<SoftPasskey>,
    http: reqwest::Client,
}

impl Site {
    pub fn new() -> Self {
        Self {
            folder: Folder::new(),
            agent_port: free_port(),
            page_port: free_port(),
            passkey: Mutex::new(SoftPasskey::new()),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub fn database(&self) -> PathBuf {
        self.home().join("data").join("ma.sqlite3")
    }

    fn door(&self) -> String {
        format!("http://127.0.0.1:{}", self.agent_port)
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.page_port)
    }

    /// Starts the app. The log has to hold: a sealed app would say so.
    pub async fn start(&self, hold: Duration) -> Living<'_> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_house"));
        command.args(self.arguments(hold));
        let mut living = self.spawn(command).await;
        let snapshot = living.ask("snapshot").await.unwrap();
        for notice in snapshot["notices"].as_array().unwrap() {
            assert_ne!(notice["code"], "sealed", "{notice}");
        }
        living
    }

    pub fn arguments(&self, hold: Duration) -> [String; 4] {
        [
            self.home().display().to_string(),
            self.agent_port.to_string(),
            self.page_port.to_string(),
            hold.as_millis().to_string(),
        ]
    }

    pub async fn spawn(&self, mut command: Command) -> Living<'_> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut living = Living {
            site: self,
            child,
            stdin,
            said,
            opened: String::new(),
        };
        while living.line().await != "READY" {}
        living
    }

    /// How many copies of each mail reached a practice mailbox: by the
    /// Message-ID, all mailboxes together.
    pub fn delivered(&self) -> Vec<(String, u64)> {
        let sql = "SELECT message_id, count(*) FROM practice_mail GROUP BY message_id";
        self.query(sql, |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })
    }

    /// Reads the file from outside the app.
    pub fn query<T>(
        &self,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(self.database(), flags).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| read(row)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

/// The running app.
pub struct Living<'a> {
    site: &'a Site,
    child: Child,
    stdin: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    opened: String,
}

impl Living<'_> {
    /// Kills it, as the end of the power would, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Commands in the window.
    pub async fn ask(&mut self, command: &str) -> Result<Value, Value> {
        let line = format!("{command}\n");
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        loop {
            let line = self.line().await;
            if let Some(answer) = line.strip_prefix("DONE ") {
                return Ok(serde_json::from_str(answer).unwrap());
            }
            if let Some(refusal) = line.strip_prefix("REFUSED ") {
                return Err(serde_json::from_str(refusal).unwrap());
            }
            let url = line
                .strip_prefix("OPEN ")
                .unwrap_or_else(|| panic!("{line}"));
            url.clone_into(&mut self.opened);
        }
    }

    async fn line(&mut self) -> String {
        let line = self.said.next_line().await.unwrap();
        line.expect("the app still runs")
    }

    /// Begins a gesture and opens its page.
    pub async fn page(&mut self, command: &str) -> Value {
        let begun = self
            .ask(command)
            .await
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        let page = self.site.http.get(&self.opened).send().await.unwrap();
        let page = page_block(&page.text().await.unwrap());
        assert_eq!(page["words"], begun["words"]);
        page
    }

    /// The honest answer to a page.
    pub fn signed(&self, page: &Value) -> Value {
        let knobs = Knobs::honest(&self.site.origin());
        let mut passkey = self.site.passkey.lock().unwrap();
        let options = &page["ask"]["options"];
        let credential = match page["ask"]["kind"].as_str() {
            Some("create") => passkey.create(options, &knobs),
            _ => passkey.get(options, &knobs),
        };
        json!({"secret": page["secret"], "credential": credential})
    }

    /// Sends an answer. Gives the status.
    pub async fn finish(&self, answer: &Value) -> u16 {
        let origin = self.site.origin();
        let request = self.site.http.post(format!("{origin}/finish"));
        let answered = request.header("origin", origin).json(answer).send().await;
        answered.unwrap().status().as_u16()
    }

    /// A whole gesture.
    pub async fn gesture(&mut self, command: &str) {
        let page = self.page(command).await;
        let answer = self.signed(&page);
        assert_eq!(self.finish(&answer).await, 200, "{command}");
    }

    pub async fn approve(&mut self, id: &str) {
        self.gesture(&format!("approve {id}")).await;
    }

    /// Makes the passkey and connects an agent.
    pub async fn settle_in(&mut self) -> Agent {
        self.gesture("enrol").await;
        self.agent("Claude").await
    }

    pub async fn agent(&mut self, name: &str) -> Agent {
        let asked = ask_to_pair(&self.site.http, &self.site.door(), name).await;
        self.gesture(&format!("pair {}", asked.pairing)).await;
        asked.agent
    }

    /// Connects the sink's account and makes it the default.
    pub async fn connect(&mut self, sink: &SmtpSink) {
        let (user, secret) = (SmtpSink::USER, SmtpSink::PASSWORD);
        let command = format!("connect {user} {} {user} {secret}", sink.port);
        let test = self.ask(&command).await.unwrap();
        assert_eq!(test["works"], true, "{test}");
    }

    /// What the log tells of a proposal, oldest first.
    pub async fn story(&mut self, id: &str) -> Vec<String> {
        let item = self.ask(&format!("item {id}")).await.unwrap();
        let steps = item["story"].as_array().unwrap().iter();
        steps
            .map(|step| step["what"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether a notice of this code stands in the window.
    pub async fn notices(&mut self, code: &str) -> bool {
        let snapshot = self.ask("snapshot").await.unwrap();
        let notices = snapshot["notices"].as_array().unwrap();
        notices.iter().any(|notice| notice["code"] == code)
    }
}

/// Waits until a proposal is there.
pub async fn reaches(agent: &Agent, id: &str, state: &str) {
    eventually_async(state, SOON, async || {
        (agent.state(id).await == state).then_some(())
    })
    .await;
}

/// Changes the file from outside, without its triggers in the way.
pub fn tamper(database: &Path, sql: &str) {
    let connection = Connection::open(database).unwrap();
    let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    let names: Vec<String> = {
        let mut statement = connection.prepare(triggers).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    for name in names {
        connection
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    connection.execute_batch(sql).unwrap();
}
