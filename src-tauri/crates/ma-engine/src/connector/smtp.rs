//! Mail through the account's own server (RFC 5321), one phase at a time: whether anything left
//! depends on how far it came.

use super::{Connector, not_done, one_line};
use crate::mime::{envelope, message_id};
use crate::pipeline::Started;
use crate::vault::Secret;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use ma_core::{Action, Outcome, ProposalId, SendEmail};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::timeout;

/// How to reach a mail server.
#[derive(Debug, Clone)]
pub(crate) struct SmtpAccount {
    pub(crate) host: String,
    /// 465 speaks TLS from the start; every other port has to offer STARTTLS.
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) secret: Secret,
    /// The one certificate to trust (PEM), for a bridge that signs its own.
    pub(crate) certificate: Option<String>,
    pub(crate) step: Duration,
    pub(crate) last: Duration,
}

/// One account's server.
pub(crate) struct Smtp(pub(crate) SmtpAccount);

/// A step that went wrong before anything was handed over.
#[derive(Debug)]
pub(crate) struct StepError {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) next: &'static str,
}

/// A command that the server did not accept.
struct CommandError {
    /// It said so itself.
    answered: bool,
    words: String,
}

/// How long the end of a connection may take.
const GOODBYE: Duration = Duration::from_secs(2);

impl Connector for Smtp {
    async fn execute(&self, started: &Started) -> Outcome {
        match started.action() {
            Action::EmailSend(mail) => self.send(started.id(), mail, started.prepared()).await,
        }
    }
}

fn step_error(code: &'static str, next: &'static str) -> impl Fn(String) -> StepError {
    move |detail| StepError {
        code,
        detail: one_line(&detail),
        next,
    }
}

const NOT_REACHED: &str = "Check the server, the port and the network, then propose it again.";
const NOT_ENCRYPTED: &str =
    "Use port 465, or a server that offers STARTTLS with a valid certificate.";
const NOT_LET_IN: &str = "Make a new app password at the provider and connect the account again.";

impl SmtpAccount {
    fn local(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    fn tls(&self) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.certificate {
            let pinned = Certificate::from_pem(pem.as_bytes()).map_err(|e| e.to_string())?;
            builder = builder
                .certificate_store(lettre::transport::smtp::client::CertificateStore::None)
                .add_root_certificate(pinned);
        }
        builder.build_rustls().map_err(|e| e.to_string())
    }

    /// Connects, encrypted unless the server is on this computer.
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, StepError> {
        let unreached = step_error("not_reached", NOT_REACHED);
        // The computer's name is nobody's business.
        let hello = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let tls = self
            .tls()
            .map_err(step_error("not_encrypted", NOT_ENCRYPTED))?;
        let implicit = (self.port == 465).then(|| tls.clone());
        let connecting = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(self.step),
            &hello,
            implicit,
            None,
        );
        let mut connection = timeout(self.step, connecting)
            .await
            .map_err(|_| unreached("the server does not answer".to_owned()))?
            .map_err(|e| unreached(e.to_string()))?;
        let wanted = self.certificate.is_some() || !self.local();
        if !connection.is_encrypted() && wanted {
            let refused = step_error("not_encrypted", NOT_ENCRYPTED);
            timeout(self.step, connection.starttls(tls, &hello))
                .await
                .map_err(|_| refused("the server does not answer".to_owned()))?
                .map_err(|e| refused(e.to_string()))?;
        }
        Ok(connection)
    }

    /// Logs in, if there is a password to log in with.
    pub(crate) async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
    ) -> Result<(), StepError> {
        if self.secret.is_empty() {
            return Ok(());
        }
        let refused = step_error("login_refused", NOT_LET_IN);
        let secret = String::from_utf8_lossy(&self.secret).into_owned();
        let credentials = Credentials::new(self.user.clone(), secret);
        timeout(
            self.step,
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials),
        )
        .await
        .map_err(|_| refused("the server does not answer".to_owned()))?
        .map_err(|e| refused(e.to_string()))?;
        Ok(())
    }
}

impl Smtp {
    async fn send(&self, id: &ProposalId, mail: &SendEmail, prepared: &[u8]) -> Outcome {
        let reference = message_id(id, mail);
        let mut connection = match self.hand_over_envelope(mail).await {
            Ok(connection) => connection,
            Err(error) => return not_done(error.code, error.detail, error.next),
        };
        // The library writes CRLF before the final dot; the bytes that were signed end with it.
        let body = prepared.strip_suffix(b"\r\n").unwrap_or(prepared);
        let answer = timeout(self.0.last, connection.message(body)).await;
        let outcome = match answer {
            Err(_) => Outcome::Unknown {
                reference,
                detail: format!(
                    "No answer in {} s after the whole mail was handed over",
                    self.0.last.as_secs()
                ),
            },
            Ok(Ok(response)) => Outcome::Done {
                reference,
                detail: words(&response),
            },
            Ok(Err(error)) => after_body(reference, &error),
        };
        // The answer is in: how the goodbye goes changes nothing.
        let _ = timeout(GOODBYE, connection.quit()).await;
        outcome
    }

    /// Everything before the body. An error here means that nobody got anything.
    async fn hand_over_envelope(&self, mail: &SendEmail) -> Result<AsyncSmtpConnection, StepError> {
        let mut connection = self.0.connect().await?;
        self.0.log_in(&mut connection).await?;
        let broken = step_error(
            "server_refused",
            "Read the server's words, then propose it again.",
        );
        let envelope = envelope(mail).map_err(|e| broken(e.to_string()))?;
        self.command(&mut connection, Mail::new(envelope.from().cloned(), vec![]))
            .await
            .map_err(|e| broken(e.words))?;
        for address in envelope.to() {
            if let Err(error) = self
                .command(&mut connection, Rcpt::new(address.clone(), vec![]))
                .await
            {
                // The goodbye is a courtesy: a server that hangs must not hold the mail with it.
                let _ = timeout(GOODBYE, connection.abort()).await;
                let words = format!("{address}: {}", error.words);
                return Err(if error.answered {
                    step_error(
                        "recipient_refused",
                        "Correct or leave out this address; the others got nothing either.",
                    )(words)
                } else {
                    broken(words)
                });
            }
        }
        self.command(&mut connection, Data)
            .await
            .map_err(|e| broken(e.words))?;
        Ok(connection)
    }

    async fn command(
        &self,
        connection: &mut AsyncSmtpConnection,
        command: impl std::fmt::Display + Send,
    ) -> Result<(), CommandError> {
        match timeout(self.0.step, connection.command(command)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(CommandError {
                answered: error.status().is_some(),
                words: error.to_string(),
            }),
            Err(_) => Err(CommandError {
                answered: false,
                words: "the server does not answer".to_owned(),
            }),
        }
    }
}

fn words(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    one_line(&format!("{} {}", response.code(), lines.join(" ")))
}

/// After the final dot only a clear refusal means that nothing happened. A 421 is how a server
/// says goodbye, and has been seen after a mail that was delivered (RFC 1047).
fn after_body(reference: String, error: &lettre::transport::smtp::Error) -> Outcome {
    match error.status().map(u16::from) {
        Some(421) | None => Outcome::Unknown {
            reference,
            detail: one_line(&format!("The whole mail was handed over, then: {error}")),
        },
        Some(code) => not_done(
            if code == 552 {
                "mailbox_full"
            } else {
                "server_refused"
            },
            error.to_string(),
            if code < 500 {
                "The server asks to try later. Propose it again after a while."
            } else {
                "Read the server's words; change the mail, or ask the provider."
            },
        ),
    }
}
