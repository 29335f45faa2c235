//! The app without its window, for tests that kill it: engine, agents' door and
//! approval page for one home. It reads the person's commands line by line and
//! prints one JSON line for each; what the browser would open is printed too.
//! Approvals need the passkey's answer through the page, as ever.
//!
//! `house HOME AGENT_PORT PAGE_PORT HOLD_MS`

// A test's program: a broken expectation has to stop it, loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ma_core::Inbox;
use ma_engine::view::{AccountForm, Refusal};
use ma_engine::{Browser, Config, Engine, SystemClock};
use ma_tests::house::{Keychain, TestKeychain, page_assets};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

struct Printed;

impl Browser for Printed {
    fn open(&self, url: &str) -> Result<(), String> {
        println!("OPEN {url}");
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, agent_port, page_port, hold] = arguments.try_into().expect("four arguments");
    let home = PathBuf::from(home);
    let (agent_port, page_port) = (agent_port.parse().unwrap(), page_port.parse().unwrap());
    let config = Config {
        hold: Duration::from_millis(hold.parse().unwrap()),
        ..Config::new(home.join("data"), agent_port, page_port)
    };
    let agents = ma_engine::loopback::bind(agent_port).expect("the agents' port");
    let page = ma_engine::loopback::bind(page_port).expect("the page's port");
    let engine = Engine::open(
        config,
        Arc::new(TestKeychain::new(&home.join("keychain"), Keychain::Open)),
        Arc::new(SystemClock),
        Arc::new(Printed),
    )
    .await
    .expect("the engine opens");
    let inbox: Arc<dyn Inbox> = Arc::clone(&engine) as Arc<dyn Inbox>;
    let limits = ma_api::Limits::default();
    tokio::spawn(ma_api::serve(agents, inbox, limits, std::future::pending()));
    tokio::spawn(ma_page::serve(page, Arc::clone(&engine), page_assets()));
    println!("READY");
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            sender.send(line.unwrap()).unwrap();
        }
    });
    // It ends with its owner: then the input ends.
    while let Some(line) = lines.recv().await {
        match obey(&engine, &line).await {
            Ok(value) => println!("DONE {value}"),
            Err(refusal) => println!("REFUSED {}", json!(refusal)),
        }
    }
}

async fn obey(engine: &Engine, line: &str) -> Result<Value, Refusal> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "enrol" => told(engine.begin_enrolment("Test finger").await),
        "approve" => told(engine.begin_approval(rest).await),
        "pair" => told(engine.begin_pairing(rest).await),
        "reject" => {
            let (id, reason) = rest.split_once(' ').expect("an id and a reason");
            told(engine.reject(id, reason).await)
        }
        "undo" => told(engine.undo(rest).await),
        "connect" => connect(engine, rest).await,
        "item" => told(engine.item(rest).await),
        "receipt" => told(engine.receipt(rest).await),
        "practice" => told(engine.practice().await),
        "snapshot" => told(engine.snapshot().await),
        _ => panic!("no such command: {line}"),
    }
}

fn told<T: Serialize>(answer: Result<T, Refusal>) -> Result<Value, Refusal> {
    answer.map(|value| json!(value))
}

/// `connect ADDRESS PORT USER SECRET`: an account on this computer, the default
/// from now on.
async fn connect(engine: &Engine, rest: &str) -> Result<Value, Refusal> {
    let words: Vec<&str> = rest.splitn(4, ' ').collect();
    let [address, port, user, secret] = words.try_into().expect("four words");
    let test = engine
        .add_account(AccountForm {
            address: address.to_owned(),
            name: String::new(),
            host: "127.0.0.1".to_owned(),
            port: port.parse().unwrap(),
            user: user.to_owned(),
            secret: secret.to_owned(),
            certificate: String::new(),
        })
        .await?;
    let settings = engine.settings().await?;
    if let Some(account) = settings.accounts.iter().find(|a| a.address == address) {
        engine.set_default_account(&account.id).await?;
    }
    Ok(json!(test))
}
