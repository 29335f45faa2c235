//! `kill -9` at random moments, again and again.

use crate::living::{Living, Site};
use ma_tests::house::{Agent, mail};
use ma_tests::wait::eventually_async;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

const RUNS: u32 = 15;
const HOLD: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// `SplitMix64`: the same moments for the same seed. `MA_SEED` repeats a run.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let seed = std::env::var("MA_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).unwrap();
            u64::from_le_bytes(bytes)
        });
        println!("MA_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, millis: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Duration::from_millis((z ^ (z >> 31)) % millis)
    }
}

/// What the outside world was told, as it was told.
#[derive(Default)]
struct Told {
    /// The door took them.
    acknowledged: BTreeSet<String>,
    /// The passkey's answer went out.
    signed: BTreeSet<String>,
    /// The page said that it is approved.
    approved: BTreeSet<String>,
}

/// Proposes and approves until it is dropped. Every other proposal is never
/// approved.
async fn work(app: &mut Living<'_>, agent: &Agent, run: u32, told: &Mutex<Told>) {
    for number in 0_u32.. {
        let id = agent
            .propose_mail("mara@practice.test", &format!("{run}.{number}"))
            .await;
        told.lock().unwrap().acknowledged.insert(id.clone());
        if number % 2 == 1 {
            // Nobody approves it; it must not fill the agent's queue either.
            let (status, _) = agent
                .post(&format!("/v1/proposals/{id}/withdraw"), &json!({}))
                .await;
            assert_eq!(status, 200);
            continue;
        }
        let page = app.page(&format!("approve {id}")).await;
        let answer = app.signed(&page);
        told.lock().unwrap().signed.insert(id.clone());
        assert_eq!(app.finish(&answer).await, 200);
        told.lock().unwrap().approved.insert(id.clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_sent_twice_or_lost_or_unapproved() {
    let mut moments = Moments::new();
    let site = Site::new();
    let mut app = site.start(HOLD).await;
    let agent = app.settle_in().await;
    let told = Mutex::new(Told::default());
    for run in 0..RUNS {
        tokio::select! {
            () = work(&mut app, &agent, run, &told) => {}
            () = tokio::time::sleep(moments.below(400)) => {}
        }
        app.kill().await;
        app = site.start(HOLD).await;
    }
    let states = eventually_async("the end of all that was approved", PATIENCE, async || {
        let states: BTreeMap<String, String> = site
            .query("SELECT id, state FROM proposal", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .into_iter()
            .collect();
        let moving = |state: &String| state == "held" || state == "executing";
        (!states.values().any(moving)).then_some(states)
    })
    .await;
    app.kill().await;
    drop(site.start(HOLD).await);

    let told = told.into_inner().unwrap();
    println!(
        "{} proposed, {} approved",
        told.acknowledged.len(),
        told.approved.len()
    );
    for id in &told.acknowledged {
        assert!(states.contains_key(id), "{id} was acknowledged and is lost");
    }
    let delivered: BTreeMap<String, u64> = site.delivered().into_iter().collect();
    for (id, state) in &states {
        let sent = copies(&delivered, id);
        assert!(sent <= 1, "{id} was sent {sent} times");
        assert_eq!(
            sent == 1,
            state == "executed",
            "{id} is {state}, sent {sent}"
        );
        assert_eq!(outbox(&site, id), sent, "{id} in the outbox");
        if sent == 1 {
            assert!(told.signed.contains(id), "{id} was sent and never approved");
        }
        assert_ne!(state, "in_doubt", "the practice account can always tell");
    }
    for id in &told.approved {
        let state = states[id].as_str();
        // A kill before the mail was handed over fails it, and says so.
        assert!(
            matches!(state, "executed" | "failed"),
            "{id} was approved and is {state}"
        );
    }
    let executed = states.values().filter(|state| *state == "executed").count();
    assert_eq!(delivered.len(), executed);
    assert!(executed <= told.signed.len() && executed > 0, "{executed}");
}

fn copies(delivered: &BTreeMap<String, u64>, id: &str) -> u64 {
    let stem = format!("{}.", id.trim_start_matches("p-"));
    delivered
        .iter()
        .filter(|(message, _)| message.starts_with(&stem))
        .map(|(_, n)| n)
        .sum()
}

/// A part that a kill left behind is no mail.
fn outbox(site: &Site, id: &str) -> u64 {
    let file = site
        .home()
        .join("data")
        .join("outbox")
        .join(format!("{id}.eml"));
    let prepared = site.query(
        &format!("SELECT coalesce(prepared, x'') FROM proposal WHERE id = '{id}'"),
        |row| row.get::<_, Vec<u8>>(0),
    );
    u64::from(std::fs::read(file).is_ok_and(|bytes| !bytes.is_empty() && bytes == prepared[0]))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proposal_that_was_acknowledged_is_there_after_a_kill() {
    const AGENTS: usize = 4;
    const EACH: u32 = 12;
    let mut moments = Moments::new();
    let site = Site::new();
    let mut app = site.start(HOLD).await;
    app.gesture("enrol").await;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(app.agent(&format!("Agent {number}")).await);
    }
    let acknowledged: [Mutex<BTreeSet<String>>; AGENTS] = Default::default();
    for run in 0..4 {
        let all = async {
            let propose = async |agent: &Agent, seen: &Mutex<BTreeSet<String>>| {
                for number in 0..EACH {
                    let action = mail("mara@practice.test", &format!("{run}.{number}"));
                    let proposal = agent.propose(action).await;
                    let id = proposal["id"].as_str().unwrap().to_owned();
                    seen.lock().unwrap().insert(id);
                }
            };
            let of = |number: usize| propose(&agents[number], &acknowledged[number]);
            tokio::join!(of(0), of(1), of(2), of(3));
        };
        tokio::select! {
            () = all => {}
            () = tokio::time::sleep(moments.below(60)) => {}
        }
        app.kill().await;
        app = site.start(HOLD).await;
    }
    for (agent, acknowledged) in agents.iter().zip(acknowledged) {
        let (status, body) = agent.read("/v1/proposals?limit=200").await;
        assert_eq!(status, 200, "{body}");
        let listed: BTreeSet<String> = body["proposals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|proposal| proposal["id"].as_str().unwrap().to_owned())
            .collect();
        let acknowledged = acknowledged.into_inner().unwrap();
        assert!(acknowledged.is_subset(&listed));
    }
    assert_eq!(site.delivered(), []);
}
