//! The server proves who it is before it is sent a key.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DOMAIN: &[u8] = b"mechanical-advantage/hello/v1\0";

/// Who answers here, and the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// Always `mechanical-advantage`.
    pub product: String,
    /// The version of the app.
    pub version: String,
    /// The version of this contract.
    pub protocol: u32,
    /// The installation: the first 32 hex digits of SHA-256 over the public key.
    pub install_id: String,
    /// Ed25519 public key, base64url without padding.
    pub public_key: String,
    /// Ed25519 signature over the hello message, base64url without padding.
    pub signature: String,
}

/// The bytes that [`Hello::signature`] signs.
///
/// `address` is the `Host` that the client dialled. It stands in the message so that a program
/// that took one port cannot pass on the proof of another.
pub fn hello_message(nonce: &str, address: &str) -> Vec<u8> {
    let mut message = DOMAIN.to_vec();
    for part in [nonce, address] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    message
}

/// A nonce is 22 to 64 characters of base64url: at least 128 bits of chance.
pub fn is_nonce(text: &str) -> bool {
    (22..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_the_domain_then_each_part_after_its_length() {
        let message = hello_message("ab", "127.0.0.1:28001");
        let expected = [
            b"mechanical-advantage/hello/v1\0".as_slice(),
            &[0, 0, 0, 0, 0, 0, 0, 2],
            b"ab",
            &[0, 0, 0, 0, 0, 0, 0, 15],
            b"127.0.0.1:28001",
        ]
        .concat();
        assert_eq!(message, expected);
    }

    #[test]
    fn moving_a_byte_between_the_parts_changes_the_message() {
        assert_ne!(hello_message("ab", "c"), hello_message("a", "bc"));
    }
}
