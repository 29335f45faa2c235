//! The practice account: a small post office inside the app. Nothing leaves this computer.

use super::{Connector, not_done};
use crate::home;
use crate::mime::message_id;
use crate::pipeline::Started;
use crate::store::{Store, StoreError};
use ma_core::{Action, Millis, Outcome, ProposalId, SendEmail};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// The practice account's own address and name.
pub(crate) const YOU: (&str, &str) = ("you@practice.test", "You");

/// The people that the practice account can write to.
pub(crate) const PERSONAS: [(&str, &str); 4] = [
    ("mara@practice.test", "Mara Olsen"),
    ("jonas@practice.test", "Jonas Brandt"),
    ("dana@practice.test", "Dana Whitlock"),
    ("you@practice.test", "You"),
];

/// The practice post office of one home.
pub(crate) struct Practice {
    store: Arc<Store>,
    outbox: PathBuf,
    now: Millis,
}

impl Practice {
    pub(crate) fn new(store: Arc<Store>, home: &std::path::Path, now: Millis) -> Self {
        Self {
            store,
            outbox: home.join("outbox"),
            now,
        }
    }

    /// How an execution ended that a crash interrupted. Here it can be known: the mail is in the
    /// outbox, whole, or nothing happened.
    pub(crate) async fn after_crash(
        &self,
        id: &ProposalId,
        mail: &SendEmail,
        prepared: &[u8],
    ) -> Outcome {
        let reference = message_id(id, mail);
        match std::fs::read(self.path(id)) {
            Ok(bytes) if bytes == prepared => match self.hand_out(mail, &reference, prepared).await
            {
                Ok(()) => done(reference),
                Err(error) => unknown(reference, &error),
            },
            Ok(_) | Err(_) => not_done(
                "interrupted",
                "The app stopped before the mail was handed over. Nothing was sent.",
                "Propose it again if it is still wanted.",
            ),
        }
    }

    fn path(&self, id: &ProposalId) -> PathBuf {
        self.outbox.join(format!("{id}.eml"))
    }

    async fn post(&self, id: &ProposalId, mail: &SendEmail, prepared: &[u8]) -> Outcome {
        let reference = message_id(id, mail);
        for recipient in mail.recipients() {
            let address = recipient.address.as_str();
            if !PERSONAS
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(address))
            {
                return not_done(
                    "no_such_mailbox",
                    format!(
                        "{address} does not live in the practice account. Nothing left this computer."
                    ),
                    "Write to mara@practice.test, or send from a connected account.",
                );
            }
        }
        match self.put_in_outbox(id, prepared) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return not_done(
                    "already_posted",
                    "This mail is in the outbox already. It was not sent a second time.",
                    "Look for it in the mailbox.",
                );
            }
            Err(error) => {
                return not_done(
                    "outbox",
                    error.to_string(),
                    "Make room on the disk, then propose it again.",
                );
            }
        }
        match self.hand_out(mail, &reference, prepared).await {
            Ok(()) => done(reference),
            Err(error) => unknown(reference, &error),
        }
    }

    fn put_in_outbox(&self, id: &ProposalId, prepared: &[u8]) -> std::io::Result<()> {
        home::private_folder(&self.outbox)?;
        let mut file = home::create_private_file(&self.path(id))?;
        file.write_all(prepared)?;
        file.sync_all()
    }

    async fn hand_out(
        &self,
        mail: &SendEmail,
        reference: &str,
        prepared: &[u8],
    ) -> Result<(), StoreError> {
        let mailboxes: Vec<String> = mail
            .recipients()
            .map(|r| r.address.as_str().to_ascii_lowercase())
            .collect();
        let (reference, raw, now) = (reference.to_owned(), prepared.to_vec(), self.now);
        self.store
            .write(move |tx| {
                for mailbox in &mailboxes {
                    tx.deliver(mailbox, &reference, &raw, now)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
    }
}

fn done(reference: String) -> Outcome {
    Outcome::Done {
        reference,
        detail: "Delivered inside the practice account".to_owned(),
    }
}

fn unknown(reference: String, error: &StoreError) -> Outcome {
    Outcome::Unknown {
        reference,
        detail: super::one_line(&error.to_string()),
    }
}

impl Connector for Practice {
    async fn execute(&self, started: &Started) -> Outcome {
        match started.action() {
            Action::EmailSend(mail) => self.post(started.id(), mail, started.prepared()).await,
        }
    }
}
