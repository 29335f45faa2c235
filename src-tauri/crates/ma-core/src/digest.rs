//! Canonical bytes (RFC 8785) and SHA-256 digests over them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Canonical JSON (RFC 8785, JCS) of a value.
///
/// # Panics
/// Never for the domain's types: they hold no maps with non-text keys and no non-finite numbers.
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    // The canonicaliser fails only for values that JSON cannot express. An empty answer
    // then matches no digest, so a mistake fails closed.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

/// A type with one canonical encoding.
pub trait Canonical: Serialize {
    /// RFC 8785 bytes.
    fn canonical(&self) -> Vec<u8>
    where
        Self: Sized,
    {
        canonical(self)
    }

    /// SHA-256 over [`Canonical::canonical`].
    fn digest(&self) -> Digest
    where
        Self: Sized,
    {
        Digest::of(&self.canonical())
    }
}

/// A SHA-256 digest. As JSON: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// SHA-256 of the bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first 8 bytes in four groups, for people to compare: `9f2c 41d7 a0be 6e13`.
    pub fn fingerprint(&self) -> String {
        let hex = self.hex();
        let groups: Vec<&str> = (0..4).filter_map(|i| hex.get(i * 4..i * 4 + 4)).collect();
        groups.join(" ")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = [0; 32];
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        match hex::decode_to_slice(&text, &mut bytes) {
            Ok(()) if lower => Ok(Self(bytes)),
            Ok(()) | Err(_) => Err("a SHA-256 digest is 64 lower-case hex digits".to_owned()),
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_the_first_eight_bytes_in_four_groups() {
        let digest = Digest::of(b"");
        assert_eq!(digest.fingerprint(), "e3b0 c442 98fc 1c14");
    }

    #[test]
    fn keys_are_sorted_and_numbers_written_as_rfc_8785_says() {
        let value = serde_json::json!({"b": 1.0, "a": "\u{20ac}", "c": [true, null]});
        assert_eq!(
            String::from_utf8(canonical(&value)).unwrap(),
            "{\"a\":\"€\",\"b\":1,\"c\":[true,null]}"
        );
    }
}
