//! A door that runs, and the plainest client: bytes in, bytes out.

use crate::fake::{Fake, key};
use ma_api::Limits;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::oneshot;

pub struct Running {
    pub inbox: Arc<Fake>,
    pub addresses: [SocketAddr; 2],
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let listeners = ["127.0.0.1:0", "[::1]:0"].map(|a| TcpListener::bind(a).unwrap());
        let addresses = listeners.each_ref().map(|l| l.local_addr().unwrap());
        let inbox = Arc::new(Fake::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = inbox.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let shutdown = async {
                let _ = stopped.await;
            };
            runtime
                .block_on(ma_api::serve(listeners.into(), serving, limits, shutdown))
                .unwrap();
        });
        Self {
            inbox,
            addresses,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn on_both(&self, check: impl Fn(SocketAddr)) {
        self.addresses.into_iter().for_each(check);
    }

    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (n, value) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// It is a whole problem with this status and code.
    pub fn is_problem(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!(self.status, status, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("access-control-allow-origin"), None);
        for part in ["detail", "next", "title"] {
            assert!(
                problem[part].as_str().is_some_and(|t| t.len() > 3),
                "{problem}"
            );
        }
    }
}

pub fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// Sends the bytes as they are and reads one answer.
pub fn raw(to: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = connect(to);
    // The door may answer and close before everything is written.
    let _ = stream.write_all(request);
    read(&mut stream)
}

/// As [`raw`], and says that nothing more will come.
pub fn raw_then_end(to: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = connect(to);
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    read(&mut stream)
}

pub fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(reply) = whole(&bytes) {
            return reply;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
    panic!("no whole answer: {:?}", String::from_utf8_lossy(&bytes));
}

fn whole(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut reply = Reply {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    };
    let length: usize = reply
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    reply.body.truncate(length);
    (reply.body.len() == length).then_some(reply)
}

/// A request that is right in everything that `lines` and `body` do not spoil.
pub fn request(to: SocketAddr, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\n");
    for line in lines {
        head += line;
        head += "\r\n";
    }
    if !body.is_empty() {
        head += "Content-Length: ";
        head += &body.len().to_string();
        head += "\r\n";
    }
    head += "\r\n";
    raw(to, &[head.as_bytes(), body].concat())
}

pub fn bearer() -> String {
    format!("Authorization: Bearer {}", key())
}

pub fn get(to: SocketAddr, path: &str) -> Reply {
    request(to, "GET", path, &[&bearer()], b"")
}

pub fn post(to: SocketAddr, path: &str, body: &[u8]) -> Reply {
    let lines = [&bearer() as &str, "Content-Type: application/json"];
    request(to, "POST", path, &lines, body)
}

pub fn propose(to: SocketAddr, body: &Value) -> Reply {
    post(to, "/v1/proposals", body.to_string().as_bytes())
}

pub fn mail() -> Value {
    serde_json::json!({
        "action": {
            "type": "email.send",
            "to": [{"address": "mara@practice.test", "name": "Mara Olsen"}],
            "subject": "Invoice",
            "text": "Hello Mara,\n"
        },
        "reason": "She asked for it."
    })
}
