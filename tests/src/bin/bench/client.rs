//! A client that costs little itself: one connection, kept.

use ma_tests::house::mail;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub struct Client {
    stream: BufReader<TcpStream>,
    port: u16,
    token: String,
}

impl Client {
    pub async fn connect(port: u16, token: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            port,
            token: token.to_owned(),
        }
    }

    /// Proposes. Gives the status and the answer.
    pub async fn propose(&mut self, number: usize) -> (u16, Vec<u8>) {
        let action = mail("mara@practice.test", &format!("Friday {number:08}"));
        let body = json!({"action": action, "reason": "you asked me to"}).to_string();
        self.ask("POST", "/v1/proposals", &body).await
    }

    pub async fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let kind = if body.is_empty() {
            String::new()
        } else {
            format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\
             {kind}\r\n{body}",
            self.port, self.token
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .await
            .unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        let status = line.split(' ').nth(1).expect("a status").parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        (status, body)
    }
}
