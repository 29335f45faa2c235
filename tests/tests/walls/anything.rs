//! Whatever an agent calls, in whatever order: without a passkey's assertion nothing happens
//! outside.

use crate::doors::{delivered, house};
use ma_tests::house::{Agent, House, mail};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
enum Call {
    Propose(u8),
    Revise(u8),
    Withdraw(prop::sample::Index),
    List,
    Read(prop::sample::Index),
    AskToPair(u8),
    Junk(String, String),
    Answer(Value),
}

fn call() -> impl Strategy<Value = Call> {
    let paths = prop_oneof![
        "/v1/[a-z/]{0,20}",
        Just("/finish".to_owned()),
        Just("/v1/proposals".to_owned()),
        Just("/v1/proposals/approve".to_owned()),
        Just("/v1/pairings".to_owned()),
    ];
    prop_oneof![
        4 => any::<u8>().prop_map(Call::Propose),
        2 => any::<u8>().prop_map(Call::Revise),
        2 => any::<prop::sample::Index>().prop_map(Call::Withdraw),
        1 => Just(Call::List),
        1 => any::<prop::sample::Index>().prop_map(Call::Read),
        1 => any::<u8>().prop_map(Call::AskToPair),
        2 => (paths, "\\PC{0,40}").prop_map(|(path, body)| Call::Junk(path, body)),
        1 => any::<bool>().prop_map(|v| Call::Answer(json!({"approved": v}))),
    ]
}

async fn make(house: &House, agent: &Agent, known: &mut Vec<String>, call: Call) {
    let pick = |known: &[String], index: prop::sample::Index| {
        if known.is_empty() {
            "p-0123456789abc".to_owned()
        } else {
            known[index.index(known.len())].clone()
        }
    };
    let answer = match call {
        Call::Propose(n) => {
            let to = ["mara", "jonas", "dana", "you"][usize::from(n % 4)];
            let body = json!({"action": mail(&format!("{to}@practice.test"), &n.to_string()), "reason": "r"});
            agent.post("/v1/proposals", &body).await
        }
        Call::Revise(n) => {
            let body = json!({
                "action": mail("mara@practice.test", &format!("again {n}")),
                "reason": "r",
                "revises": known.last(),
            });
            agent.post("/v1/proposals", &body).await
        }
        Call::Withdraw(index) => {
            let path = format!("/v1/proposals/{}/withdraw", pick(known, index));
            agent.post(&path, &json!({})).await
        }
        Call::List => agent.read("/v1/proposals?open=true").await,
        Call::Read(index) => {
            agent
                .read(&format!("/v1/proposals/{}", pick(known, index)))
                .await
        }
        Call::AskToPair(n) => {
            let body =
                json!({"name": format!("Agent {n}"), "key_sha256": format!("{n:02x}").repeat(32)});
            agent.post("/v1/pairings", &body).await
        }
        Call::Junk(path, body) => agent.post(&path, &json!(body)).await,
        Call::Answer(body) => {
            // Also at the page's door, where an agent has no business.
            let url = format!("{}/finish", house.origin());
            let request = house.http.post(url).header("origin", house.origin());
            let body = json!({"secret": "", "credential": body});
            let status = request.json(&body).send().await.unwrap().status().as_u16();
            (status, Value::Null)
        }
    };
    assert!(answer.0 < 500, "{answer:?}");
    if let Some(id) = answer.1["id"].as_str().filter(|id| id.starts_with("p-")) {
        known.push(id.to_owned());
    }
}

fn entries(house: &House, kind: &str) -> i64 {
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    let sql = "SELECT count(*) FROM log WHERE instr(CAST(entry AS TEXT), ?1) > 0";
    let needle = format!("\"kind\":\"{kind}\"");
    connection
        .query_row(sql, [needle], |row| row.get(0))
        .unwrap()
}

#[test]
fn no_sequence_of_calls_does_anything_outside_without_an_assertion() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (house, agent) = runtime.block_on(house());
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let sequences = prop::collection::vec(call(), 1..16);
    let result = runner.run(&sequences, |calls| {
        runtime.block_on(async {
            let mut known = Vec::new();
            for call in calls {
                make(&house, &agent, &mut known, call).await;
            }
            house.clock_forward(20_000);
            prop_assert_eq!(delivered(&house).await, 0);
            for kind in ["approved", "started", "finished", "passkey_revoked"] {
                prop_assert_eq!(entries(&house, kind), 0, "{}", kind);
            }
            let snapshot = house.engine.snapshot().await.unwrap();
            prop_assert_eq!((snapshot.passkeys, snapshot.agents), (1, 1));
            prop_assert!(
                snapshot
                    .queue
                    .iter()
                    .all(|row| row.state.name() == "pending")
            );
            prop_assert!(!house.home.join("home").join("outbox").exists());
            Ok(())
        })
    });
    result.unwrap();
    runtime.block_on(async {
        assert!(entries(&house, "proposed") > 20, "the calls did something");
        // And with an assertion it does happen: the test looks at the right places.
        let id = house.engine.snapshot().await.unwrap().queue[0].id.clone();
        house.approve(&id).await;
        agent.wait(&id).await;
        assert_eq!(delivered(&house).await, 1);
        assert_eq!(entries(&house, "started"), 1);
    });
}
