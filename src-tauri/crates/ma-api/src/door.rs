//! What all requests share.

use crate::{
    Limits,
    refusal::{
        BUSY, Denial, NOT_PAIRED, Refusal, TOO_MANY_GUESSES, TOO_MANY_PAIRINGS, TOO_MANY_REQUESTS,
    },
};
use axum::http::{HeaderMap, header};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use ma_core::{AgentIdentity, Digest, Inbox, InboxError};
use ma_protocol::AgentKey;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const MAX_KNOWN: usize = 1024;

/// A body that fits in here needs no permit.
pub(crate) const SMALL_BODY: usize = 64 << 10;

pub(crate) struct Door {
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) limits: Limits,
    requests: DefaultDirectRateLimiter,
    guesses: DefaultDirectRateLimiter,
    pairings: DefaultDirectRateLimiter,
    known: Mutex<HashSet<Digest>>,
    waits: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

impl Door {
    pub(crate) fn new(inbox: Arc<dyn Inbox>, limits: Limits) -> Self {
        let requests = Quota::per_second(limits.requests_per_second);
        Self {
            inbox,
            requests: RateLimiter::direct(requests.allow_burst(limits.requests_burst)),
            guesses: RateLimiter::direct(Quota::per_minute(limits.guesses_per_minute)),
            pairings: RateLimiter::direct(Quota::per_minute(limits.pairings_per_minute)),
            known: Mutex::default(),
            waits: Arc::new(Semaphore::new(limits.waits)),
            bodies: Arc::new(Semaphore::new(limits.large_bodies)),
            limits,
        }
    }

    pub(crate) fn count_request(&self) -> Result<(), Refusal> {
        count(&self.requests, TOO_MANY_REQUESTS)
    }

    pub(crate) fn count_pairing(&self) -> Result<(), Refusal> {
        count(&self.pairings, TOO_MANY_PAIRINGS)
    }

    /// Whose key came with the request.
    ///
    /// A credential pays for a guess before it is looked at. One that worked since the start
    /// pays nothing: else a program that guesses without pause would lock every agent out.
    /// That gives a guesser no more tries, because what is not known always pays, and a key
    /// that is known cannot be met by chance (256 bits). It is asked for every time all the
    /// same, so a revoked key ends at once and is then forgotten.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<AgentIdentity, Refusal> {
        let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
        let Some(credential) = credentials.next() else {
            return Err(NOT_PAIRED.into());
        };
        let credential_digest = Digest::of(credential.as_bytes());
        if !self.knows(credential_digest) {
            count(&self.guesses, TOO_MANY_GUESSES)?;
        }
        if credentials.next().is_some() {
            return Err(NOT_PAIRED.into());
        }
        let key = credential
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or(NOT_PAIRED)?;
        match self.inbox.agent(Digest::of(key.expose().as_bytes())).await {
            Ok(agent) => {
                self.remember(credential_digest);
                Ok(agent)
            }
            Err(error) => {
                if error == InboxError::KeyNotValid {
                    self.forget(credential_digest);
                }
                Err(error.into())
            }
        }
    }

    /// How long a request may wait, and its permit. Without a free permit it does not wait.
    pub(crate) fn wait(&self, asked: Duration) -> (Duration, Option<OwnedSemaphorePermit>) {
        if asked.is_zero() {
            return (asked, None);
        }
        match self.waits.clone().try_acquire_owned() {
            Ok(permit) => (asked, Some(permit)),
            Err(_) => (Duration::ZERO, None),
        }
    }

    /// Room for a large body.
    pub(crate) async fn room(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let room = self.bodies.clone().acquire_owned();
        match tokio::time::timeout(self.limits.body_time, room).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(BUSY.into()),
        }
    }

    fn knows(&self, credential: Digest) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&credential)
    }

    fn remember(&self, credential: Digest) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(credential);
    }

    fn forget(&self, credential: Digest) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&credential);
    }
}

fn bearer(credential: &str) -> Option<AgentKey> {
    let (scheme, key) = credential.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        AgentKey::parse(key).ok()
    } else {
        None
    }
}

fn count(limiter: &DefaultDirectRateLimiter, denial: Denial) -> Result<(), Refusal> {
    limiter.check().map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Refusal::from(denial).retry_after(wait)
    })
}
