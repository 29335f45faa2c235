//! A server that answers as it is told, and one run of `ma`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use ma_cli::Environment;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// Who the server claims to be.
#[derive(Clone, Copy, PartialEq)]
pub enum Claim {
    /// The paired installation.
    Honest,
    /// Another one, with a proof of its own.
    Other,
    /// The paired one, with a proof that was made for another address.
    Relayed,
    /// The paired one's name over another key.
    Forged,
    /// Something else altogether.
    Odd,
}

pub struct Seen {
    pub line: String,
    pub head: String,
    pub body: Value,
}

type Answer = dyn FnMut(&Seen) -> (u16, Value) + Send;

pub struct Server {
    pub url: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

pub fn install_id_of(key: &SigningKey) -> String {
    let hash = hex::encode(Sha256::digest(key.verifying_key().as_bytes()));
    hash[..32].to_owned()
}

pub fn install_id() -> String {
    install_id_of(&honest())
}

pub fn key() -> String {
    format!("ma1.{}.{}", install_id(), "S".repeat(43))
}

fn honest() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

fn hello(claim: Claim, nonce: &str, host: &str) -> Value {
    let key = match claim {
        Claim::Honest | Claim::Relayed => honest(),
        Claim::Other | Claim::Forged => SigningKey::from_bytes(&[43; 32]),
        Claim::Odd => return json!("I am a web server"),
    };
    let address = if claim == Claim::Relayed {
        "127.0.0.1:28001"
    } else {
        host
    };
    let id = if claim == Claim::Forged {
        install_id()
    } else {
        install_id_of(&key)
    };
    let signature = key.sign(&ma_protocol::hello_message(nonce, address));
    json!({
        "product": "mechanical-advantage",
        "version": "0.1.0",
        "protocol": 1,
        "install_id": id,
        "public_key": URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
        "later": "a field that this client does not know"
    })
}

impl Server {
    pub fn start(claim: Claim, answer: impl FnMut(&Seen) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Mutex<Box<Answer>>> = Arc::new(Mutex::new(Box::new(answer)));
        let log = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (answer.clone(), log.clone());
                std::thread::spawn(move || serve(stream, claim, &answer, &log));
            }
        });
        Self { url, seen }
    }

    pub fn saw(&self, words: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .any(|s| s.head.contains(words) || s.body.to_string().contains(words))
    }

    pub fn lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let lines = seen.iter().map(|s| s.line.clone());
        lines.filter(|l| !l.contains("/v1/hello")).collect()
    }
}

fn serve(stream: TcpStream, claim: Claim, answer: &Mutex<Box<Answer>>, log: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    stream.set_nodelay(true).unwrap();
    let mut writer = stream;
    while let Some(seen) = read(&mut reader, &mut writer) {
        let mut words = seen.line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let host = header(&seen.head, "host").unwrap_or_default();
        let (status, body) = if method == "CONNECT" {
            (200, Value::Null)
        } else if let Some(nonce) = path.strip_prefix("/v1/hello?nonce=") {
            (200, hello(claim, nonce, &host))
        } else {
            (answer.lock().unwrap())(&seen)
        };
        log.lock().unwrap().push(seen);
        let sent = if method == "CONNECT" {
            write!(writer, "HTTP/1.1 200 Connected\r\n\r\n")
        } else {
            let body = body.to_string();
            write!(
                writer,
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        if sent.is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut head = String::new();
    loop {
        let mut next = String::new();
        reader.read_line(&mut next).ok().filter(|n| *n > 0)?;
        if next == "\r\n" {
            break;
        }
        head += &next;
    }
    if header(&head, "expect").is_some() {
        write!(writer, "HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = header(&head, "content-length").map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen {
        line: line.trim_end().to_owned(),
        head,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (n, value) = line.split_once(':')?;
        n.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

pub fn ma(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    ma_with(args, variables, b"")
}

pub fn ma_with(args: &[&str], variables: &[(&str, &str)], mut stdin: &[u8]) -> Ran {
    let environment: Environment = variables.iter().copied().collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["ma"].iter().chain(args);
    let code = ma_cli::run(args, &environment, &mut stdin, &mut out, &mut err);
    Ran {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

pub fn proposal(state: &str) -> Value {
    json!({
        "id": "p-0123456789abc",
        "state": state,
        "verb": "email.send",
        "account": "practice",
        "summary": "To mara@practice.test: Invoice",
        "digest": "9f2c41d7a0be6e13".repeat(4),
        "fingerprint": "9f2c 41d7 a0be 6e13",
        "proposed_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-16T08:00:00.000Z",
        "changed_at": "2027-01-15T08:00:00.000Z",
        "next": format!("What to do while {state}.")
    })
}

pub fn problem(status: u16, code: &str) -> (u16, Value) {
    let problem = json!({
        "type": "about:blank", "title": "X", "status": status,
        "detail": "It was refused.", "code": code, "next": "Do something else.", "field": "reason"
    });
    (status, problem)
}
