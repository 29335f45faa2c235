//! The query of an address: a closed list of names for each route.

use crate::refusal::{KEY_IN_URL, Refusal, UNKNOWN_PARAMETER};
use ma_protocol::{MAX_LIST, MAX_WAIT_SECONDS, is_nonce};
use std::time::Duration;

const SECRET_NAMES: [&str; 6] = [
    "token",
    "key",
    "access_token",
    "api_key",
    "apikey",
    "authorization",
];

/// A parameter that a route knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    Nonce,
    Wait,
    Open,
    Limit,
}

impl Parameter {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nonce => "nonce",
            Self::Wait => "wait",
            Self::Open => "open",
            Self::Limit => "limit",
        }
    }
}

/// The parameters of a request, each known to its route and there at most once.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(Parameter, String)>);

impl Query {
    pub(crate) fn parse(query: Option<&str>, known: &[Parameter]) -> Result<Self, Refusal> {
        let mut found: Vec<(Parameter, String)> = Vec::new();
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|p| !p.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if SECRET_NAMES.iter().any(|s| name.eq_ignore_ascii_case(s)) {
                return Err(KEY_IN_URL.into());
            }
            let parameter = known.iter().copied().find(|p| p.name() == name);
            match parameter {
                Some(parameter) if found.iter().all(|(p, _)| *p != parameter) => {
                    found.push((parameter, value.to_owned()));
                }
                _ => return Err(UNKNOWN_PARAMETER.into()),
            }
        }
        Ok(Self(found))
    }

    pub(crate) fn nonce(&self) -> Result<&str, Refusal> {
        match self.value(Parameter::Nonce) {
            Some(nonce) if is_nonce(nonce) => Ok(nonce),
            _ => Err(Refusal::bad(
                "nonce",
                "The nonce is missing or not 22 to 64 characters of base64url.",
                "Add ?nonce= with 32 random bytes in base64url.",
            )
            .field("nonce")),
        }
    }

    pub(crate) fn wait(&self) -> Result<Duration, Refusal> {
        let seconds = match self.value(Parameter::Wait) {
            None => Some(0),
            Some(text) => number(text),
        };
        match seconds {
            Some(seconds) if seconds <= MAX_WAIT_SECONDS => Ok(Duration::from_secs(seconds)),
            _ => Err(Refusal::bad(
                "wait",
                "The wait is not a number of seconds from 0 to 60.",
                "Ask with ?wait=60, and again if it still waits.",
            )
            .field("wait")),
        }
    }

    pub(crate) fn open(&self) -> Result<bool, Refusal> {
        match self.value(Parameter::Open) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::bad(
                "open",
                "open is neither true nor false.",
                "Ask with ?open=true for what is not final.",
            )
            .field("open")),
        }
    }

    pub(crate) fn limit(&self) -> Result<u32, Refusal> {
        let limit = match self.value(Parameter::Limit) {
            None => Some(50),
            Some(text) => number(text).and_then(|n| u32::try_from(n).ok()),
        };
        match limit {
            Some(limit) if (1..=MAX_LIST).contains(&limit) => Ok(limit),
            _ => Err(Refusal::bad(
                "limit",
                "The limit is not a number from 1 to 200.",
                "Ask with ?limit=50.",
            )
            .field("limit")),
        }
    }

    fn value(&self, parameter: Parameter) -> Option<&str> {
        self.0
            .iter()
            .find(|(p, _)| *p == parameter)
            .map(|(_, value)| value.as_str())
    }
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}
