use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::response::Response;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use tokio::time::timeout;

use super::*;

const BOB: &str = "bob@example.org";
const LONG: Duration = Duration::from_mins(1);

async fn send(sink: &SmtpSink, password: &str, to: &[&str]) -> Result<Response, Error> {
    let mut message = lettre::Message::builder()
        .from("Alice <alice@example.org>".parse().unwrap())
        .subject("Dots");
    for to in to {
        message = message.to(to.parse::<Mailbox>().unwrap());
    }
    let message = message.body(String::from("first\r\n.second\r\n")).unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(sink.port)
        .credentials(Credentials::new(SmtpSink::USER.into(), password.into()))
        .build()
        .send(message)
        .await
}

async fn failure(fault: Fault) -> (Error, usize) {
    let sink = SmtpSink::start(fault).await;
    let error = send(&sink, SmtpSink::PASSWORD, &[BOB])
        .await
        .expect_err("a failure");
    (error, sink.messages().len())
}

/// How many messages were taken when nobody waits for the answer any more.
async fn silence(fault: Fault) -> usize {
    let sink = SmtpSink::start(fault).await;
    // The transport's own timeout ends with the connection's making.
    let sent = timeout(
        Duration::from_millis(600),
        send(&sink, SmtpSink::PASSWORD, &[BOB]),
    );
    assert!(sent.await.is_err(), "an answer came");
    sink.messages().len()
}

fn code(error: &Error) -> u16 {
    error.status().expect("a code").into()
}

#[tokio::test]
async fn a_message_is_taken_as_it_was_sent() {
    let sink = SmtpSink::start(Fault::None).await;
    send(&sink, SmtpSink::PASSWORD, &[BOB, "carol@example.org"])
        .await
        .unwrap();
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].from, SmtpSink::USER);
    assert_eq!(messages[0].recipients, [BOB, "carol@example.org"]);
    assert!(
        messages[0]
            .text()
            .ends_with("\r\n\r\nfirst\r\n.second\r\n\r\n"),
        "{:?}",
        messages[0].text()
    );
    assert!(sink.commands().iter().any(|line| line == "DATA"));
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let sink = SmtpSink::start(Fault::None).await;
    assert_eq!(code(&send(&sink, "wrong", &[BOB]).await.unwrap_err()), 535);
}

#[tokio::test]
async fn a_login_can_be_refused() {
    let (error, taken) = failure(Fault::RefuseLogin).await;
    assert_eq!((code(&error), taken), (535, 0));
}

#[tokio::test]
async fn one_recipient_can_be_refused() {
    let (error, taken) = failure(Fault::RefuseRecipient(BOB.into())).await;
    assert_eq!((code(&error), taken), (550, 0));
}

#[tokio::test]
async fn a_message_can_be_refused_after_its_body() {
    for expected in [421, 451, 552, 554] {
        let (error, taken) = failure(Fault::ReplyAfterBody(expected)).await;
        assert_eq!((code(&error), taken), (expected, 0));
    }
}

#[tokio::test]
async fn a_message_can_be_taken_without_an_answer() {
    let (error, taken) = failure(Fault::DropAfterDot).await;
    assert_eq!((error.status(), taken), (None, 1));
    assert_eq!(silence(Fault::HangAfterDot(LONG)).await, 1);
}

#[tokio::test]
async fn a_connection_can_be_dropped_before_the_end_of_the_message() {
    for fault in [Fault::DropAtData, Fault::DropInBody] {
        let (error, taken) = failure(fault).await;
        assert_eq!((error.status(), taken), (None, 0));
    }
}

#[tokio::test]
async fn a_greeting_can_be_late() {
    assert_eq!(silence(Fault::HangAtBanner(LONG)).await, 0);
}

#[tokio::test]
async fn a_fault_can_be_mended() {
    let sink = SmtpSink::start(Fault::ReplyAfterBody(451)).await;
    send(&sink, SmtpSink::PASSWORD, &[BOB]).await.unwrap_err();
    sink.set(Fault::None);
    send(&sink, SmtpSink::PASSWORD, &[BOB]).await.unwrap();
    assert_eq!(sink.messages().len(), 1);
}
