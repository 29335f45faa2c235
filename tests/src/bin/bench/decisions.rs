//! How soon an agent that waits learns of a decision.

use crate::client::Client;
use crate::house;
use crate::report::{Report, Times};
use serde_json::Value;
use std::time::{Duration, Instant};

const DECISIONS: usize = 200;

pub async fn measure(report: &mut Report) {
    let house = house().await;
    let agent = house.agent("Claude").await;
    let mut client = Client::connect(house.agent_port, &agent.token).await;
    let mut waiting = Client::connect(house.agent_port, &agent.token).await;
    let (mut whole, mut after) = (Times::default(), Times::default());
    for number in 0..DECISIONS {
        let (_, body) = client.propose(number).await;
        let proposal: Value = serde_json::from_slice(&body).unwrap();
        let id = proposal["id"].as_str().expect("a proposal").to_owned();
        let path = format!("/v1/proposals/{id}?wait=60");
        let wait = tokio::spawn(async move {
            let (status, body) = waiting.ask("GET", &path, "").await;
            (Instant::now(), status, body, waiting)
        });
        // Long enough for the agent to wait indeed.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        house.engine.reject(&id, "No").await.unwrap();
        let committed = Instant::now();
        let (answered, status, body, back) = wait.await.unwrap();
        waiting = back;
        let told: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &told["state"]), (200, &Value::from("rejected")));
        whole.add(answered - start);
        after.add(answered.saturating_duration_since(committed));
    }
    // With the commit it holds the disk's figure too: see the bare commit's.
    for (of, times) in [
        ("decision to waiting agent, with its commit", &whole),
        ("decision to waiting agent, from its commit", &after),
    ] {
        report.plain(&format!("{of}, p50"), times.part(50), "ms");
        report.at_most(&format!("{of}, p95"), times.part(95), "ms", 5.0);
    }
}
