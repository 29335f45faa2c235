//! Handing a message on to an LMTP server.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use super::{Message, read_line};

/// Hands `message` to an LMTP server; the first refusal is the answer.
pub(super) async fn deliver(lmtp: SocketAddr, message: &Message) -> io::Result<String> {
    let (reader, mut writer) = TcpStream::connect(lmtp).await?.into_split();
    let mut reader = BufReader::new(reader);
    let mut steps = vec![
        String::from("LHLO sink.example"),
        format!("MAIL FROM:<{}>", message.from),
    ];
    steps.extend(
        message
            .recipients
            .iter()
            .map(|to| format!("RCPT TO:<{to}>")),
    );
    steps.push(String::from("DATA"));
    answer(&mut reader).await?;
    for step in steps {
        writer.write_all(format!("{step}\r\n").as_bytes()).await?;
        let answer = answer(&mut reader).await?;
        if !answer.starts_with(['2', '3']) {
            return Ok(answer);
        }
    }
    for line in message.data.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            writer.write_all(b".").await?;
        }
        writer.write_all(line).await?;
    }
    writer.write_all(b".\r\n").await?;
    let mut last = String::new();
    for _ in &message.recipients {
        last = answer(&mut reader).await?;
        if !last.starts_with('2') {
            break;
        }
    }
    Ok(last)
}

async fn answer(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<String> {
    loop {
        let line = read_line(reader).await?.unwrap_or_default();
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line);
        }
    }
}
