//! A house with a passkey, an agent and one proposal that waits.

use ma_tests::house::{Agent, House, Plan, mail};
use serde_json::Value;
use std::time::Duration;

/// The one proposal's subject.
pub const SUBJECT: &str = "Friday";

/// How long an approved item waits in [`Scene::holding`].
pub const HOLD: i64 = 30_000;

pub struct Scene {
    pub house: House,
    pub agent: Agent,
    pub id: String,
}

impl Scene {
    /// The usual house.
    pub async fn new() -> Self {
        Self::of(Plan::default()).await
    }

    /// One where an approved item waits until the clock is set forward.
    pub async fn holding() -> Self {
        Self::of(Plan {
            hold: Duration::from_millis(HOLD.unsigned_abs()),
            ..Plan::default()
        })
        .await
    }

    pub async fn of(plan: Plan) -> Self {
        let house = House::ready_with(plan).await;
        let agent = house.agent("Claude").await;
        let id = agent.propose_mail("mara@practice.test", SUBJECT).await;
        Self { house, agent, id }
    }

    /// Quits and starts the app.
    pub async fn restart(self) -> Self {
        let house = self.house.restart().await;
        Self {
            agent: self.agent.at(&house),
            id: self.id,
            house,
        }
    }

    /// A second proposal.
    pub async fn another(&self) -> String {
        self.agent
            .propose_mail("jonas@practice.test", "Saturday")
            .await
    }

    /// The proposal still waits, and nothing left.
    pub async fn nothing_approved(&self) {
        assert_eq!(self.agent.state(&self.id).await, "pending");
        // A little longer than the usual hold.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(self.agent.state(&self.id).await, "pending");
        assert_eq!(delivered(&self.house).await, 0);
        assert_eq!(crate::ledger::count(&self.house.database(), "approved"), 0);
    }

    /// The hold is over: the item ends stopped, with an alarm, and nothing left.
    pub async fn stopped(&self, why: &str) {
        self.house.clock_forward(HOLD + 1_000);
        let end = self.agent.wait(&self.id).await;
        assert_eq!(end["state"], "failed", "{why}: {end}");
        assert_eq!(end["outcome"]["code"], "stopped", "{why}: {end}");
        assert!(notice(&self.house, "stopped").await.is_some(), "{why}");
        assert_eq!(delivered(&self.house).await, 0, "{why}");
    }
}

/// How many mails are in all practice mailboxes.
pub async fn delivered(house: &House) -> usize {
    let practice = house.engine.practice().await.unwrap();
    practice.mailboxes.iter().map(|m| m.mails.len()).sum()
}

/// The text of the notice of that code.
pub async fn notice(house: &House, code: &str) -> Option<String> {
    let snapshot = house.engine.snapshot().await.unwrap();
    snapshot
        .notices
        .into_iter()
        .find(|n| n.code == code)
        .map(|n| n.text)
}

/// The answer was refused with this code.
pub fn refused(answer: &(u16, Value), code: &str, why: &str) {
    assert_eq!(answer.0, 403, "{why}: {answer:?}");
    assert_eq!(answer.1["code"], code, "{why}: {answer:?}");
    for part in ["message", "next"] {
        assert!(
            answer.1[part].as_str().is_some_and(|t| t.len() > 8),
            "{why}: {answer:?}"
        );
    }
}

/// Lets an agent propose; gives the answer, whatever it is.
pub async fn submit(agent: &Agent) -> (u16, Value) {
    let body = serde_json::json!({"action": mail("dana@practice.test", "Sunday"), "reason": "r"});
    agent.post("/v1/proposals", &body).await
}
