//! Bounds of the door.

use std::{num::NonZeroU32, time::Duration};

/// What the door takes, how often and for how long. Loopback counts like any other place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, all listeners together.
    pub connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub headers: usize,
    /// How long a head may take. It is also how long an idle connection stays.
    pub head_time: Duration,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a body may take.
    pub body_time: Duration,
    /// Large bodies in memory at once.
    pub large_bodies: usize,
    /// Requests that wait at once. A further one is answered without waiting.
    pub waits: usize,
    /// Requests in a second, all agents together.
    pub requests_per_second: NonZeroU32,
    /// Requests at once, after a quiet time.
    pub requests_burst: NonZeroU32,
    /// Keys that are not known to work, in a minute.
    pub guesses_per_minute: NonZeroU32,
    /// Requests to connect, in a minute.
    pub pairings_per_minute: NonZeroU32,
}

const fn count(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_bytes: 16 << 10,
            headers: 64,
            head_time: Duration::from_secs(15),
            body_bytes: ma_protocol::MAX_BODY_BYTES,
            body_time: Duration::from_secs(15),
            large_bodies: 8,
            waits: 192,
            requests_per_second: count(200),
            requests_burst: count(400),
            guesses_per_minute: count(30),
            pairings_per_minute: count(30),
        }
    }
}
