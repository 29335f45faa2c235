//! Ceremonies: one WebAuthn exchange each, in memory only, used once.

use crate::chance;
use crate::config::millis;
use crate::engine::{Engine, lock, refusal};
use crate::pipeline::{Approval, Content};
use crate::view::{CeremonyView, PageReply, PageView, Refusal};
use ma_core::{
    AgentName, Assertion, Canonical, Credential, Decision, Digest, Display, Millis, PairingId,
    Preimage, ProposalId, RegistrationRecord, SignedApproval,
};
use ma_receipt::AssertionError;
use serde::Deserialize;
use std::collections::VecDeque;
use webauthn_rs::prelude::PasskeyRegistration;

/// What a gesture is about.
pub(crate) enum Subject {
    /// A proposal, with the finished bytes.
    Proposal(ProposalId),
    /// A request to connect.
    Pairing {
        id: PairingId,
        name: AgentName,
        key_sha256: Digest,
        code: String,
    },
    /// The first passkey, or a further one before it was made.
    Enrolment { label: String },
    /// A further passkey that was made and now waits for an older one.
    Enrolled {
        credential: Box<Credential>,
        registration: RegistrationRecord,
    },
    /// A passkey to revoke.
    Revocation { credential_id: String },
}

impl Subject {
    pub(crate) fn decision(&self) -> Decision {
        match self {
            Self::Proposal(_) => Decision::Approve,
            Self::Pairing { .. } => Decision::PairAgent,
            Self::Enrolment { .. } | Self::Enrolled { .. } => Decision::EnrolPasskey,
            Self::Revocation { .. } => Decision::RevokePasskey,
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Proposal(id) => id.to_string(),
            Self::Pairing { id, .. } => id.to_string(),
            Self::Enrolment { .. } => "new-passkey".to_owned(),
            Self::Enrolled { credential, .. } => credential.id.clone(),
            Self::Revocation { credential_id } => credential_id.clone(),
        }
    }
}

/// What is shown and signed.
pub(crate) struct Shown {
    pub(crate) action: Vec<u8>,
    pub(crate) display: Option<Display>,
    pub(crate) prepared: Vec<u8>,
    pub(crate) fingerprint: Option<String>,
}

pub(crate) enum Phase {
    /// The address was handed to the browser.
    Fresh,
    /// The page is open and makes a passkey.
    Creating(Box<PasskeyRegistration>),
    /// The page is open and asks for a signature.
    Signing(Box<Preimage>),
}

pub(crate) struct Ceremony {
    pub(crate) token: String,
    pub(crate) secret: String,
    pub(crate) words: String,
    pub(crate) subject: Subject,
    pub(crate) shown: Shown,
    pub(crate) phase: Phase,
    pub(crate) expires: Millis,
}

/// The one ceremony in progress, and the tokens that were used up before.
#[derive(Default)]
pub(crate) struct Ceremonies {
    open: Option<Ceremony>,
    used: VecDeque<Digest>,
}

const REMEMBERED: usize = 64;

impl Ceremonies {
    fn remember(&mut self, token: &str) {
        self.used.push_back(Digest::of(token.as_bytes()));
        while self.used.len() > REMEMBERED {
            self.used.pop_front();
        }
    }

    pub(crate) fn view(&self, now: Millis) -> Option<CeremonyView> {
        self.open
            .as_ref()
            .filter(|c| now <= c.expires)
            .map(|c| CeremonyView {
                subject: c.subject.name(),
                decision: c.subject.decision(),
                words: c.words.clone(),
                opened: !matches!(c.phase, Phase::Fresh),
                expires: c.expires,
            })
    }

    pub(crate) fn cancel(&mut self) {
        self.open = None;
    }
}

fn over() -> Refusal {
    refusal(
        "ceremony_over",
        "This page no longer works, and nothing was approved.",
        "Open the item in the window and start again.",
    )
}

pub(crate) fn failed(what: &str) -> Refusal {
    refusal(
        "not_confirmed",
        &format!("The passkey's answer was refused: {what}. Nothing was approved."),
        "Open the item in the window and start again.",
    )
}

impl From<AssertionError> for Refusal {
    fn from(error: AssertionError) -> Self {
        failed(&error.to_string())
    }
}

#[derive(Deserialize)]
struct AssertionJson {
    id: String,
    response: AssertionResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    authenticator_data: String,
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    signature: String,
}

impl Engine {
    /// Begins a ceremony and opens the person's browser at its page. One at a time: an older one
    /// ends.
    pub(crate) fn begin(&self, subject: Subject, shown: Shown) -> Result<CeremonyView, Refusal> {
        self.unsealed()?;
        let now = self.now();
        let token = chance::secret()?;
        let ceremony = Ceremony {
            token: token.clone(),
            secret: chance::secret()?,
            words: chance::words()?,
            subject,
            shown,
            phase: Phase::Fresh,
            expires: now + millis(self.config.limits.ceremony),
        };
        let view = {
            let mut ceremonies = lock(&self.ceremonies);
            ceremonies.open = Some(ceremony);
            ceremonies.view(now).ok_or_else(over)?
        };
        let url = format!("{}/c/{token}", self.config.page_origin());
        if let Err(reason) = self.browser.open(&url) {
            lock(&self.ceremonies).cancel();
            return Err(refusal(
                "no_browser",
                &format!("The browser did not open: {reason}. Nothing was approved."),
                "Set a default browser, then try again.",
            ));
        }
        self.tell(crate::Change::Other);
        Ok(view)
    }

    /// Ends the ceremony in progress.
    pub async fn cancel_ceremony(&self) -> Result<(), Refusal> {
        lock(&self.ceremonies).cancel();
        self.tell(crate::Change::Other);
        Ok(())
    }

    /// The page asks for its ceremony. The token is used up; the challenge is issued now.
    pub async fn open_page(&self, token: &str) -> Result<PageView, Refusal> {
        let now = self.now();
        let digest = Digest::of(token.as_bytes());
        // Held to the end: a second opener at the same moment has to find the first one.
        let mut ceremonies = lock(&self.ceremonies);
        // Digests are compared, so the time says nothing about the token.
        let matches = ceremonies
            .open
            .as_ref()
            .is_some_and(|c| Digest::of(c.token.as_bytes()) == digest);
        if !matches {
            let seen = ceremonies.used.contains(&digest);
            return Err(self.opened_twice(&mut ceremonies, seen));
        }
        let Some(mut ceremony) = ceremonies.open.take() else {
            return Err(over());
        };
        ceremonies.remember(token);
        if now > ceremony.expires {
            return Err(over());
        }
        if !matches!(ceremony.phase, Phase::Fresh) {
            return Err(self.opened_twice(&mut ceremonies, true));
        }
        let page = match &ceremony.subject {
            Subject::Enrolment { label } => {
                let (page, phase) = self.ask_to_create(&ceremony, label)?;
                ceremony.phase = phase;
                page
            }
            Subject::Proposal(_)
            | Subject::Pairing { .. }
            | Subject::Enrolled { .. }
            | Subject::Revocation { .. } => {
                let (page, phase) = self.ask_to_sign(&ceremony, now)?;
                ceremony.phase = phase;
                page
            }
        };
        ceremonies.open = Some(ceremony);
        drop(ceremonies);
        self.tell(crate::Change::Other);
        Ok(page)
    }

    /// An address that was used up is opened again: somebody else may have been first.
    fn opened_twice(&self, ceremonies: &mut Ceremonies, known: bool) -> Refusal {
        if known {
            ceremonies.cancel();
            self.alarm(
                "link_opened_twice",
                "An approval link was opened twice",
                "It no longer works, and nothing was approved. Open the item and start again.",
            );
        }
        over()
    }

    /// The page's answer. Good for one: whatever comes of it, the ceremony is over.
    pub async fn finish_page(&self, answer: crate::view::PageAnswer) -> Result<PageReply, Refusal> {
        let secret = Digest::of(answer.secret.as_bytes());
        let ceremony = {
            let mut ceremonies = lock(&self.ceremonies);
            let matches = ceremonies
                .open
                .as_ref()
                .is_some_and(|c| Digest::of(c.secret.as_bytes()) == secret);
            if !matches {
                return Err(over());
            }
            ceremonies.open.take().ok_or_else(over)?
        };
        self.tell(crate::Change::Other);
        if self.now() > ceremony.expires {
            return Err(over());
        }
        match ceremony.phase {
            Phase::Fresh => Err(over()),
            Phase::Creating(state) => {
                let Subject::Enrolment { label } = ceremony.subject else {
                    return Err(over());
                };
                self.made(&label, &state, answer.credential, ceremony.words)
                    .await
            }
            Phase::Signing(preimage) => {
                let approval = self.prove(
                    *preimage,
                    &ceremony.subject,
                    ceremony.shown,
                    answer.credential,
                )?;
                self.decide(ceremony.subject, approval).await
            }
        }
    }

    /// The person closed the page.
    pub async fn cancel_page(&self, secret: &str) {
        let digest = Digest::of(secret.as_bytes());
        let mut ceremonies = lock(&self.ceremonies);
        if ceremonies
            .open
            .as_ref()
            .is_some_and(|c| Digest::of(c.secret.as_bytes()) == digest)
        {
            ceremonies.cancel();
            drop(ceremonies);
            self.tell(crate::Change::Other);
        }
    }

    /// From an answer to a proof, or nothing.
    fn prove(
        &self,
        preimage: Preimage,
        subject: &Subject,
        shown: Shown,
        credential: serde_json::Value,
    ) -> Result<Approval, Refusal> {
        let answer: AssertionJson =
            serde_json::from_value(credential).map_err(|_| failed("it cannot be read"))?;
        let signed = SignedApproval {
            preimage,
            assertion: Assertion {
                credential_id: answer.id,
                authenticator_data: answer.response.authenticator_data,
                client_data_json: answer.response.client_data_json,
                signature: answer.response.signature,
            },
            origin: self.config.page_origin(),
            route: "Approval page".to_owned(),
        };
        // On a copy: what the log does not hold, the ring must not remember.
        let mut ring = lock(&self.ring).clone();
        ring.accept(self.now(), &signed)
            .map_err(|e| failed(&e.to_string()))?;
        let p = &signed.preimage;
        let known = self.store.root_at(p.log_size)?;
        if known.hash != p.log_root {
            return Err(failed("it signed a log that is not this one"));
        }
        Ok(Approval::new(
            signed,
            Content {
                subject: subject.name(),
                action: shown.action,
                display: shown.display.map(|d| d.canonical()).unwrap_or_default(),
                prepared: shown.prepared,
            },
        ))
    }

    /// The page again, for the second gesture of an enrolment: an older passkey approves.
    pub(crate) fn next_gesture(
        &self,
        words: String,
        subject: Subject,
        shown: Shown,
    ) -> Result<PageReply, Refusal> {
        let now = self.now();
        let mut ceremony = Ceremony {
            token: chance::secret()?,
            secret: chance::secret()?,
            words,
            subject,
            shown,
            phase: Phase::Fresh,
            expires: now + millis(self.config.limits.ceremony),
        };
        let (page, phase) = self.ask_to_sign(&ceremony, now)?;
        ceremony.phase = phase;
        lock(&self.ceremonies).open = Some(ceremony);
        self.tell(crate::Change::Other);
        Ok(PageReply::Next {
            page: Box::new(page),
        })
    }
}
