//! An agent at the door.

use super::House;
use serde_json::{Value, json};

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
        answer(request.bearer_auth(&self.token)).await
    }

    /// POST. Gives status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.door)).json(body);
        answer(request.bearer_auth(&self.token)).await
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

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the door answers");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
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

/// Lets an agent ask to connect at that door.
pub async fn ask_to_pair(http: &reqwest::Client, door: &str, name: &str) -> Asked {
    let nonce = "n".repeat(32);
    let (_, hello) = answer(http.get(format!("{door}/v1/hello?nonce={nonce}"))).await;
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
    let pairing = json!({
        "name": name,
        "key_sha256": ma_core::Digest::of(token.as_bytes()).hex(),
    });
    let (_, asked) = answer(http.post(format!("{door}/v1/pairings")).json(&pairing)).await;
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
