//! Typed identifiers. Each is a prefix and 13 characters of Crockford base 32 (64 bits).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind} ids look like {example}")]
pub struct BadId {
    /// What was expected, e.g. "proposal".
    pub kind: &'static str,
    /// A well-formed example.
    pub example: &'static str,
}

fn encode(bytes: [u8; 8]) -> String {
    let mut value = u64::from_be_bytes(bytes);
    let mut out = [b'0'; 13];
    for slot in out.iter_mut().rev() {
        let index = usize::try_from(value & 31).unwrap_or(0);
        *slot = ALPHABET.get(index).copied().unwrap_or(b'0');
        value >>= 5;
    }
    out.iter().map(|b| char::from(*b)).collect()
}

fn well_formed(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 13 && rest.bytes().all(|b| ALPHABET.contains(&b)))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $prefix:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes an identifier of 64 random bits.
            pub fn from_random(bytes: [u8; 8]) -> Self {
                Self(format!("{}{}", $prefix, encode(bytes)))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                if well_formed(text, $prefix) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadId { kind: $kind, example: $example })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names one proposal.
    ProposalId, "proposal", "p-", "p-0123456789abc"
);
id!(
    /// Names one agent: one key.
    AgentId, "agent", "a-", "a-0123456789abc"
);
id!(
    /// Names one request to connect.
    PairingId, "pairing", "c-", "c-0123456789abc"
);

/// Names one connected account: 1 to 40 of `a-z`, `0-9`, `-`. The embedded one is `practice`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The embedded account that needs no server.
    pub fn practice() -> Self {
        Self("practice".to_owned())
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let fits = (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId {
                kind: "account",
                example: "practice",
            })
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one installation: the first 16 bytes, in hex, of SHA-256 over its Ed25519 public key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallId(String);

impl InstallId {
    /// The installation that holds this Ed25519 public key (32 bytes).
    pub fn of_public_key(key: &[u8; 32]) -> Self {
        let hash = crate::Digest::of(key);
        Self(hash.hex().chars().take(32).collect())
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstallId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let fits = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId {
                kind: "installation",
                example: "0123456789abcdef0123456789abcdef",
            })
        }
    }
}

impl TryFrom<String> for InstallId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<InstallId> for String {
    fn from(id: InstallId) -> Self {
        id.0
    }
}

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        for bytes in [[0; 8], [255; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
            let id = ProposalId::from_random(bytes);
            assert_eq!(id.as_str().parse::<ProposalId>(), Ok(id.clone()));
        }
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused() {
        for text in [
            "",
            "p-",
            "a-0123456789abc",
            "p-0123456789abC",
            "p-0123456789abcd",
            "p-0123456789ab'",
        ] {
            assert!(text.parse::<ProposalId>().is_err(), "{text}");
        }
        for text in ["", "Practice", "a/b", "a b"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
