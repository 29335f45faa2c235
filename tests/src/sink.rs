//! An SMTP server that fails as it is told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

mod lmtp;

/// What goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: every message is taken.
    #[default]
    None,
    /// Every login is refused with 535.
    RefuseLogin,
    /// This recipient is refused with 550; the others are taken.
    RefuseRecipient(String),
    /// The answer to every recipient comes late.
    HangAtRecipient(Duration),
    /// The message is answered with this code, e.g. 451, 552 or 554, and not
    /// taken. After a 421 the connection is closed.
    ReplyAfterBody(u16),
    /// The message is taken, and the connection closed without an answer.
    DropAfterDot,
    /// The connection is closed after the first line of the message.
    DropInBody,
    /// The connection is closed instead of an invitation to send the message.
    DropAtData,
    /// The message is taken, and the answer comes late.
    HangAfterDot(Duration),
    /// The greeting comes late.
    HangAtBanner(Duration),
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender of the envelope, without brackets.
    pub from: String,
    /// The recipients that were accepted.
    pub recipients: Vec<String>,
    /// The bytes as sent, with the doubled dots undone.
    pub data: Vec<u8>,
}

impl Message {
    /// The bytes as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.data).into_owned()
    }
}

/// A running SMTP server on the loopback; it ends with the value.
#[derive(Debug)]
pub struct SmtpSink {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl SmtpSink {
    /// The one user that may log in.
    pub const USER: &'static str = "alice@example.org";
    /// The password of that user.
    pub const PASSWORD: &'static str = "correct horse";

    /// Starts one on a free port.
    pub async fn start(fault: Fault) -> Self {
        Self::start_at(0, fault).await
    }

    /// Starts one on this port, e.g. to come back after having been away.
    pub async fn start_at(port: u16, fault: Fault) -> Self {
        Self::listen(port, fault, None).await
    }

    /// Starts one that hands every message on to an LMTP server, and gives back
    /// the answer of that server.
    pub async fn delivering_to(lmtp: SocketAddr) -> Self {
        Self::listen(0, Fault::None, Some(lmtp)).await
    }

    /// From now on this goes wrong instead.
    pub fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
    }

    /// Every message that was taken until now, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.state.messages.lock().unwrap().clone()
    }

    /// Every command line that was received until now, oldest first.
    pub fn commands(&self) -> Vec<String> {
        self.state.commands.lock().unwrap().clone()
    }

    async fn listen(port: u16, fault: Fault, lmtp: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(State {
            fault: Mutex::new(fault),
            messages: Mutex::default(),
            commands: Mutex::default(),
            lmtp,
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self {
            port,
            state,
            server,
        }
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Debug)]
struct State {
    fault: Mutex<Fault>,
    messages: Mutex<Vec<Message>>,
    commands: Mutex<Vec<String>>,
    lmtp: Option<SocketAddr>,
}

impl State {
    fn fault(&self) -> Fault {
        self.fault.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // The connections end with this set, that is with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let mut connection = Connection::new(stream, Arc::clone(&state));
        connections.spawn(async move {
            // A client that leaves is no news.
            drop(connection.talk().await);
        });
    }
}

struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    state: Arc<State>,
    envelope: Envelope,
}

#[derive(Default)]
struct Envelope {
    from: Option<String>,
    recipients: Vec<String>,
}

enum Next {
    Command,
    Close,
}

impl Connection {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        let (reader, writer) = stream.into_split();
        let reader = BufReader::new(reader);
        Self {
            reader,
            writer,
            state,
            envelope: Envelope::default(),
        }
    }

    async fn talk(&mut self) -> io::Result<()> {
        if let Fault::HangAtBanner(time) = self.state.fault() {
            sleep(time).await;
        }
        self.reply("220 sink.example ESMTP").await?;
        while let Some(line) = self.line().await? {
            self.state.commands.lock().unwrap().push(line.clone());
            if matches!(self.obey(&line).await?, Next::Close) {
                break;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let upper = line.to_ascii_uppercase();
        let verb = upper.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => {
                let features = "250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                    250-SIZE 52428800\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN";
                self.reply(features).await?;
            }
            "HELO" | "NOOP" => self.reply("250 sink.example").await?,
            "RSET" => {
                self.envelope = Envelope::default();
                self.reply("250 2.0.0 forgotten").await?;
            }
            "AUTH" => self.login(line).await?,
            "MAIL" => {
                self.envelope = Envelope {
                    from: Some(address(line)),
                    recipients: Vec::new(),
                };
                self.reply("250 2.1.0 sender noted").await?;
            }
            "RCPT" => self.recipient(address(line)).await?,
            "DATA" => return self.data().await,
            "QUIT" => {
                self.reply("221 2.0.0 bye").await?;
                return Ok(Next::Close);
            }
            _ => self.reply("502 5.5.1 unknown command").await?,
        }
        Ok(Next::Command)
    }

    async fn login(&mut self, line: &str) -> io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().map(String::from);
        let given = if mechanism == "PLAIN" {
            let text = match initial {
                Some(text) => text,
                None => self.ask("").await?,
            };
            let text = decoded(&text);
            let mut parts = text.split('\0').skip(1).map(String::from);
            (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            )
        } else {
            let user = match initial {
                Some(text) => text,
                None => self.ask("VXNlcm5hbWU6").await?,
            };
            (decoded(&user), decoded(&self.ask("UGFzc3dvcmQ6").await?))
        };
        let known = given.0 == SmtpSink::USER && given.1 == SmtpSink::PASSWORD;
        if known && self.state.fault() != Fault::RefuseLogin {
            self.reply("235 2.7.0 welcome").await
        } else {
            self.reply("535 5.7.8 wrong user or password").await
        }
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.reply(&format!("334 {question}")).await?;
        Ok(self.line().await?.unwrap_or_default())
    }

    async fn recipient(&mut self, recipient: String) -> io::Result<()> {
        if self.envelope.from.is_none() {
            return self.reply("503 5.5.1 MAIL first").await;
        }
        if let Fault::HangAtRecipient(time) = self.state.fault() {
            sleep(time).await;
        }
        if self.state.fault() == Fault::RefuseRecipient(recipient.clone()) {
            return self
                .reply(&format!("550 5.1.1 <{recipient}> is unknown here"))
                .await;
        }
        self.envelope.recipients.push(recipient);
        self.reply("250 2.1.5 recipient noted").await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let envelope = std::mem::take(&mut self.envelope);
        let fault = self.state.fault();
        let (Some(from), false) = (envelope.from, envelope.recipients.is_empty()) else {
            self.reply("503 5.5.1 no recipient").await?;
            return Ok(Next::Command);
        };
        if fault == Fault::DropAtData {
            return Ok(Next::Close);
        }
        self.reply("354 go on, end with a dot").await?;
        if fault == Fault::DropInBody {
            self.reader.read_until(b'\n', &mut Vec::new()).await?;
            return Ok(Next::Close);
        }
        let Some(data) = self.body().await? else {
            return Ok(Next::Close);
        };
        if let Fault::ReplyAfterBody(code) = fault {
            let class = code / 100;
            self.reply(&format!("{code} {class}.0.0 not taken")).await?;
            return Ok(if code == 421 {
                Next::Close
            } else {
                Next::Command
            });
        }
        let message = Message {
            from,
            recipients: envelope.recipients,
            data,
        };
        let answer = match self.state.lmtp {
            Some(lmtp) => lmtp::deliver(lmtp, &message).await?,
            None => String::from("250 2.0.0 taken"),
        };
        if answer.starts_with('2') {
            self.state.messages.lock().unwrap().push(message);
        }
        if fault == Fault::DropAfterDot {
            return Ok(Next::Close);
        }
        if let Fault::HangAfterDot(time) = fault {
            sleep(time).await;
        }
        self.reply(&answer).await?;
        Ok(Next::Command)
    }

    /// The message, or nothing when the client left before its end.
    async fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            if line == b".\r\n" {
                return Ok(Some(body));
            }
            body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        read_line(&mut self.reader).await
    }

    async fn reply(&mut self, line: &str) -> io::Result<()> {
        self.writer
            .write_all(format!("{line}\r\n").as_bytes())
            .await
    }
}

async fn read_line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = reader.read_until(b'\n', &mut line).await?;
    let text = String::from_utf8_lossy(&line);
    Ok((read > 0).then(|| text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn address(line: &str) -> String {
    let inner = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
