//! What a gesture signs when it is not about a proposal: canonical bytes that take the place
//! of an action in the [`crate::Preimage`].

use crate::digest::canonical;
use crate::{AgentName, Credential, Digest, PairingId};
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "type")]
enum Statement<'a> {
    #[serde(rename = "agent.pair")]
    Pair {
        pairing: &'a PairingId,
        name: &'a AgentName,
        key_sha256: &'a Digest,
        code: &'a str,
    },
    #[serde(rename = "passkey.enrol")]
    Enrol { credential: &'a Credential },
    #[serde(rename = "passkey.revoke")]
    Revoke { credential_id: &'a str },
}

/// The statement that an agent may read and propose.
pub fn pairing_statement(
    pairing: &PairingId,
    name: &AgentName,
    key_sha256: &Digest,
    code: &str,
) -> Vec<u8> {
    canonical(&Statement::Pair {
        pairing,
        name,
        key_sha256,
        code,
    })
}

/// The statement that a further passkey may approve.
pub fn enrolment_statement(credential: &Credential) -> Vec<u8> {
    canonical(&Statement::Enrol { credential })
}

/// The statement that a passkey may no longer approve.
pub fn revocation_statement(credential_id: &str) -> Vec<u8> {
    canonical(&Statement::Revoke { credential_id })
}
