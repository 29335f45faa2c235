use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error, response::Response};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::*;

enum Encryption {
    StartTls,
    FirstByte,
}

async fn send(
    server: &Dovecot,
    encryption: Encryption,
    password: &str,
    to: &str,
) -> Result<Response, Error> {
    let authority = Certificate::from_pem(server.authority().as_bytes()).unwrap();
    let parameters = TlsParameters::builder("localhost".into())
        .add_root_certificate(authority)
        .build()
        .unwrap();
    let (port, tls) = match encryption {
        Encryption::StartTls => (server.submission, Tls::Required(parameters)),
        Encryption::FirstByte => (server.submissions, Tls::Wrapper(parameters)),
    };
    let message = Message::builder()
        .from(Dovecot::address("alice").parse().unwrap())
        .to(to.parse().unwrap())
        .subject("There and back")
        .body(String::from("Grüße\r\n.\r\nend\r\n"))
        .unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .tls(tls)
        .credentials(Credentials::new(Dovecot::address("alice"), password.into()))
        .build()
        .send(message)
        .await
}

#[tokio::test]
async fn a_submitted_mail_arrives_in_the_inbox() {
    let server = Dovecot::start().await;
    let bob = Dovecot::address("bob");
    for encryption in [Encryption::StartTls, Encryption::FirstByte] {
        let sent = send(&server, encryption, Dovecot::PASSWORD, &bob).await;
        sent.unwrap_or_else(|error| panic!("{error:?}\n{}", server.log()));
    }
    let inbox = server.inbox("bob").await;
    assert_eq!(inbox.len(), 2, "{}", server.log());
    let text = String::from_utf8(inbox[0].clone()).unwrap();
    assert!(text.contains("Subject: There and back"), "{text}");
    assert_eq!(server.first_mail("bob", READY).await, inbox[0]);
    assert!(server.inbox("alice").await.is_empty());
    assert_eq!(server.relay.messages().len(), 2);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_recipient_are_refused() {
    let server = Dovecot::start().await;
    let bob = Dovecot::address("bob");
    let refused = send(&server, Encryption::StartTls, "wrong", &bob)
        .await
        .unwrap_err();
    assert_eq!(refused.status().map(u16::from), Some(535), "{refused}");
    let nobody = Dovecot::address("nobody");
    let sent = send(&server, Encryption::StartTls, Dovecot::PASSWORD, &nobody).await;
    assert_eq!(sent.unwrap_err().status().map(u16::from), Some(550));
    assert!(server.inbox("bob").await.is_empty());
}
