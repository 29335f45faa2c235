//! The agents' door, from the agent's side.

use crate::{
    environment::Environment,
    failure::{Failure, exit},
    store::Store,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use ma_protocol::{AgentKey, DEFAULT_AGENT_PORT, Hello, PRODUCT, Problem, hello_message, path};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::time::Duration;
use ureq::{Body, http::Response};
use url::{Host, Url};

const ANSWER_LIMIT: u64 = 8 << 20;
const TIME: Duration = Duration::from_mins(1);
const HELLO_TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A larger body waits for the door's word before it is sent, so that a refusal is read.
const ASK_FIRST: usize = 64 << 10;

/// A door that was not asked yet who it is. It is never sent a key.
pub(crate) struct Door {
    agent: ureq::Agent,
    base: String,
    address: String,
}

/// The door of the installation that the key is for.
pub(crate) struct Session {
    door: Door,
    key: AgentKey,
    /// What the agent calls itself, where it is known.
    pub(crate) name: Option<String>,
    pub(crate) key_expires_at: Option<String>,
}

impl Session {
    /// With the key and the address that the environment or the key file names.
    pub(crate) fn open(environment: &Environment) -> Result<Self, Failure> {
        let given = environment.var("MA_TOKEN");
        let stored = match given {
            Some(_) => None,
            None => Store::open(environment)?.agent()?,
        };
        let token = match (given, &stored) {
            (Some(token), _) => token.trim(),
            (None, Some(stored)) => &stored.token,
            (None, None) => return Err(Failure::not_paired()),
        };
        let key = AgentKey::parse(token).map_err(|bad| {
            let mut failure = Failure::not_paired();
            failure.sentence = format!("The key is broken: {bad}.");
            failure
        })?;
        let door = Door::open(stored.as_ref().map(|s| s.url.as_str()), environment)?;
        let (name, key_expires_at) =
            stored.map_or((None, None), |s| (Some(s.name), s.key_expires_at));
        Ok(Self {
            door,
            key,
            name,
            key_expires_at,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.door.base
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, wait: u64) -> Result<T, Failure> {
        self.prove()?;
        let request = self
            .door
            .agent
            .get(format!("{}{path}", self.door.base))
            .header("Authorization", self.credential())
            .config()
            .timeout_global(Some(TIME + Duration::from_secs(wait)))
            .build();
        self.door.read(request.call(), NOTHING_SENT)
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.prove()?;
        let body = json(body)?;
        let mut request = self
            .door
            .agent
            .post(format!("{}{path}", self.door.base))
            .header("Authorization", self.credential())
            .header("Content-Type", "application/json");
        if body.len() > ASK_FIRST {
            request = request.header("Expect", "100-continue");
        }
        self.door.read(request.send(body), MAYBE_SENT)
    }

    /// Before every request: who listens on a port can change while one waits.
    fn prove(&self) -> Result<(), Failure> {
        let install_id = self.door.install_id()?;
        if install_id == self.key.install_id() {
            Ok(())
        } else {
            Err(self.door.stranger("it is another installation"))
        }
    }

    fn credential(&self) -> String {
        format!("Bearer {}", self.key.expose())
    }
}

const NOTHING_SENT: &str = "Ask the human to start the app, then run the command again.";
const MAYBE_SENT: &str =
    "It may have been stored: see with ma queue list. The same content again is the same proposal.";

impl Door {
    /// `MA_URL`, or `url`, or the usual place.
    pub(crate) fn open(url: Option<&str>, environment: &Environment) -> Result<Self, Failure> {
        let usual = format!("http://127.0.0.1:{DEFAULT_AGENT_PORT}");
        Self::at(
            environment.var("MA_URL").or(url).unwrap_or(&usual),
            environment,
        )
    }

    pub(crate) fn at(url: &str, environment: &Environment) -> Result<Self, Failure> {
        let (host, port) = parse(url).ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                "url",
                "The address of the app is not usable.",
                "Write it like http://127.0.0.1:28001: http, a host, a port, nothing else.",
            )
        })?;
        let proxy = if is_loopback(&host) {
            None
        } else {
            environment
                .proxy(&host.to_string())
                .map(proxy)
                .transpose()?
        };
        let agent = ureq::Agent::config_builder()
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(TIME))
            .user_agent(concat!("ma/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let address = format!("{host}:{port}");
        Ok(Self {
            agent,
            base: format!("http://{address}"),
            address,
        })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The installation that answers here, after it has proved it.
    pub(crate) fn install_id(&self) -> Result<String, Failure> {
        let nonce = URL_SAFE_NO_PAD.encode(random()?);
        let request = self
            .agent
            .get(format!("{}{}?nonce={nonce}", self.base, path::HELLO))
            .config()
            .timeout_global(Some(HELLO_TIME))
            .build();
        let response = request
            .call()
            .map_err(|e| self.unreachable(&e, NOTHING_SENT))?;
        let hello: Hello = match response.status().as_u16() {
            200 => body(response).map_err(|()| self.stranger("it does not speak our protocol"))?,
            429 | 503 => return self.read(Ok(response), NOTHING_SENT),
            _ => return Err(self.stranger("it does not speak our protocol")),
        };
        check(&hello, &nonce, &self.address).map_err(|why| self.stranger(why))?;
        Ok(hello.install_id)
    }

    /// Asks without a key.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, wait: u64) -> Result<T, Failure> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .config()
            .timeout_global(Some(TIME + Duration::from_secs(wait)))
            .build();
        self.read(request.call(), NOTHING_SENT)
    }

    /// Sends without a key.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Content-Type", "application/json");
        self.read(request.send(json(body)?), NOTHING_SENT)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
        next: &str,
    ) -> Result<T, Failure> {
        let response = answer.map_err(|e| self.unreachable(&e, next))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            body(response).map_err(|()| odd(status))
        } else {
            Err(body::<Problem>(response).map_or_else(|()| odd(status), Failure::from))
        }
    }

    fn unreachable(&self, error: &ureq::Error, next: &str) -> Failure {
        Failure::new(
            exit::NOT_REACHABLE,
            "not_reachable",
            format!("The app does not answer at {}: {error}.", self.address),
            next,
        )
    }

    pub(crate) fn stranger(&self, why: &str) -> Failure {
        Failure::new(
            exit::NOT_REACHABLE,
            "wrong_server",
            format!(
                "Another program answers on this port ({}): {why}. The key was not sent.",
                self.address
            ),
            "Tell the human: the app has to run on this port before anything else. Do not connect to this program.",
        )
    }
}

/// 32 random bytes.
pub(crate) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| {
        Failure::new(
            exit::OTHER,
            "no_randomness",
            "The system gave no random numbers.",
            "Try again.",
        )
    })?;
    Ok(bytes)
}

fn check(hello: &Hello, nonce: &str, address: &str) -> Result<(), &'static str> {
    if hello.product != PRODUCT {
        return Err("it is another product");
    }
    let key: [u8; 32] = decode(&hello.public_key).ok_or("its public key is broken")?;
    let signature: [u8; 64] = decode(&hello.signature).ok_or("its signature is broken")?;
    let id: String = hex::encode(Sha256::digest(key)).chars().take(32).collect();
    if id != hello.install_id {
        return Err("its name does not belong to its public key");
    }
    VerifyingKey::from_bytes(&key)
        .and_then(|key| {
            let message = hello_message(nonce, address);
            key.verify_strict(&message, &Signature::from_bytes(&signature))
        })
        .map_err(|_| "its signature is not for this address")
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn parse(url: &str) -> Option<(Host<String>, u16)> {
    let url = Url::parse(url).ok()?;
    let plain = url.scheme() == "http"
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return None;
    }
    Some((url.host()?.to_owned(), url.port_or_known_default()?))
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn proxy(url: &str) -> Result<ureq::Proxy, Failure> {
    ureq::Proxy::new(url)
        .ok()
        .filter(|proxy| proxy.protocol() == ureq::ProxyProtocol::Http)
        .ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                "proxy",
                "The proxy in the environment is not usable: only http:// is.",
                "Correct HTTP_PROXY, or name the host of the app in NO_PROXY.",
            )
        })
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value)
        .map_err(|_| Failure::usage("usage", "This cannot be written as JSON."))
}

fn body<T: DeserializeOwned>(mut response: Response<Body>) -> Result<T, ()> {
    response
        .body_mut()
        .with_config()
        .limit(ANSWER_LIMIT)
        .read_json()
        .map_err(|_| ())
}

fn odd(status: u16) -> Failure {
    Failure::new(
        exit::OTHER,
        "odd_answer",
        format!("The app gave an answer (status {status}) that this version of ma cannot read."),
        "See with ma queue list what was stored, and tell the human to update ma and the app together.",
    )
}
