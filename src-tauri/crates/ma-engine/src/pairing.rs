//! Requests to connect: in memory, few, short-lived.

use crate::ceremony::{Shown, Subject};
use crate::chance;
use crate::config::millis;
use crate::engine::{Change, Engine, lock, refusal};
use crate::store::AgentRow;
use crate::view::{CeremonyView, PairingRow, Refusal};
use ma_core::{
    AgentId, AgentName, Digest, InboxError, Millis, PairingId, PairingRequest, PairingState,
    PairingTicket, pairing_statement, render_pairing,
};

struct Pairing {
    id: PairingId,
    name: AgentName,
    key_sha256: Digest,
    code: String,
    expires: Millis,
    state: PairingState,
    agent: Option<(AgentId, Millis)>,
}

#[derive(Default)]
pub(crate) struct Pairings(Vec<Pairing>);

/// Ended requests that are still answered.
const ENDED: usize = 20;

impl Pairings {
    fn expire(&mut self, now: Millis) {
        for pairing in &mut self.0 {
            if pairing.state == PairingState::Waiting && now >= pairing.expires {
                pairing.state = PairingState::Expired;
            }
        }
        let ended = |p: &Pairing| p.state != PairingState::Waiting;
        while self.0.iter().filter(|p| ended(p)).count() > ENDED {
            let Some(oldest) = self.0.iter().position(ended) else {
                return;
            };
            self.0.remove(oldest);
        }
    }

    fn find(&self, id: &PairingId) -> Option<&Pairing> {
        self.0.iter().find(|p| p.id == *id)
    }

    pub(crate) fn ticket(&mut self, id: &PairingId, now: Millis) -> Option<PairingTicket> {
        self.expire(now);
        self.find(id).map(|p| PairingTicket {
            id: p.id.clone(),
            code: p.code.clone(),
            state: p.state,
            expires: p.expires,
            agent: p.agent.as_ref().map(|a| a.0.clone()),
            key_expires: p.agent.as_ref().map(|a| a.1),
        })
    }

    pub(crate) fn paired(&mut self, id: &PairingId, agent: &AgentRow) {
        if let Some(pairing) = self.0.iter_mut().find(|p| p.id == *id) {
            pairing.state = PairingState::Paired;
            pairing.agent = Some((agent.id.clone(), agent.expires));
        }
    }

    pub(crate) fn waiting(&mut self, now: Millis) -> Vec<PairingRow> {
        self.expire(now);
        self.0
            .iter()
            .filter(|p| p.state == PairingState::Waiting)
            .map(|p| PairingRow {
                id: p.id.to_string(),
                name: p.name.as_str().to_owned(),
                code: p.code.clone(),
                expires: p.expires,
            })
            .collect()
    }

    /// When the next one ends by itself.
    pub(crate) fn next_end(&self) -> Option<Millis> {
        self.0
            .iter()
            .filter(|p| p.state == PairingState::Waiting)
            .map(|p| p.expires)
            .min()
    }
}

impl Engine {
    pub(crate) fn ask_to_pair(&self, request: PairingRequest) -> Result<PairingTicket, InboxError> {
        if self.install.is_none() || lock(&self.sealed).is_some() {
            return Err(InboxError::Sealed);
        }
        let now = self.now();
        let internal = |e: chance::NoRandomness| InboxError::Internal(e.to_string());
        let mut pairings = lock(&self.pairings);
        pairings.expire(now);
        let waiting = |p: &&Pairing| p.state == PairingState::Waiting;
        if let Some(same) = pairings
            .0
            .iter()
            .filter(waiting)
            .find(|p| p.key_sha256 == request.key_sha256)
        {
            let id = same.id.clone();
            return pairings.ticket(&id, now).ok_or(InboxError::NotFound);
        }
        if lock(&self.agents).contains_key(&request.key_sha256) {
            return Err(InboxError::Invalid(ma_core::Invalid {
                field: "key_sha256".to_owned(),
                code: "key_known",
                message: "this key is connected already, or was revoked".to_owned(),
                next: "Make a new key.",
            }));
        }
        if pairings.0.iter().filter(waiting).count() >= self.config.limits.pairings {
            return Err(InboxError::TooManyPairings);
        }
        let pairing = Pairing {
            id: chance::pairing_id().map_err(internal)?,
            name: request.name,
            key_sha256: request.key_sha256,
            code: chance::code().map_err(internal)?,
            expires: now + millis(self.config.limits.pairing),
            state: PairingState::Waiting,
            agent: None,
        };
        let change = Change::PairingAsked {
            id: pairing.id.to_string(),
            name: pairing.name.as_str().to_owned(),
            code: pairing.code.clone(),
        };
        let id = pairing.id.clone();
        pairings.0.push(pairing);
        let ticket = pairings.ticket(&id, now).ok_or(InboxError::NotFound);
        drop(pairings);
        self.tell(change);
        self.wake.notify_one();
        ticket
    }

    /// Begins the gesture that connects an agent.
    pub async fn begin_pairing(&self, id: &str) -> Result<CeremonyView, Refusal> {
        let gone = || {
            refusal(
                "not_found",
                "This request has ended. Nothing was connected.",
                "Run ma auth login again.",
            )
        };
        let id: PairingId = id.parse().map_err(|_| gone())?;
        let (name, key_sha256, code) = {
            let mut pairings = lock(&self.pairings);
            pairings.expire(self.now());
            let pairing = pairings
                .find(&id)
                .filter(|p| p.state == PairingState::Waiting)
                .ok_or_else(gone)?;
            (
                pairing.name.clone(),
                pairing.key_sha256,
                pairing.code.clone(),
            )
        };
        let action = pairing_statement(&id, &name, &key_sha256, &code);
        let shown = Shown {
            fingerprint: Some(Digest::of(&action).fingerprint()),
            action,
            display: Some(render_pairing(&name, &code, &key_sha256)),
            prepared: Vec::new(),
        };
        self.begin(
            Subject::Pairing {
                id,
                name,
                key_sha256,
                code,
            },
            shown,
        )
    }

    /// The person says that a request is not theirs.
    pub async fn refuse_pairing(&self, id: &str) -> Result<(), Refusal> {
        let mut pairings = lock(&self.pairings);
        if let Some(pairing) = pairings
            .0
            .iter_mut()
            .find(|p| p.id.as_str() == id && p.state == PairingState::Waiting)
        {
            pairing.state = PairingState::Refused;
        }
        drop(pairings);
        self.tell(Change::Other);
        Ok(())
    }
}
