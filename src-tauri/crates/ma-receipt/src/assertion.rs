//! One passkey signature: the library's checks, and those that it leaves to us.

use crate::encoding::{base64url, from_base64url};
use ma_core::{Credential, SignedApproval};
use serde::Deserialize;
use thiserror::Error;
use url::Url;
use webauthn_rs::prelude::{Passkey, PasskeyAuthentication, PublicKeyCredential, WebauthnError};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// The relying party: the one name under which every browser lets a page on this computer
/// use passkeys.
pub const RP_ID: &str = "localhost";

/// Why a signature is no proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssertionError {
    /// The stored credential cannot be read.
    #[error("the stored passkey cannot be read")]
    Credential,
    /// The origin is not a page on this computer.
    #[error("{0} is not the origin of an approval page on this computer")]
    Origin(String),
    /// A page inside another page, or from another origin.
    #[error("the page was inside another page, or of another origin")]
    CrossOrigin,
    /// It is no assertion of WebAuthn.
    #[error("the signature cannot be read")]
    Malformed,
    /// Another passkey signed than the one named.
    #[error("another passkey signed")]
    OtherPasskey,
    /// The challenge, the origin, the verification of the person or the signature is wrong.
    #[error("the signature does not hold: {0}")]
    Refused(String),
    /// The authenticator did not verify the person.
    #[error("the person was not verified")]
    NotVerified,
}

/// What a signature that holds says beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The authenticator's signature counter; 0 if it keeps none.
    pub counter: u32,
    /// The passkey can be copied to other devices.
    pub backup_eligible: bool,
    /// The passkey has been copied.
    pub backup_state: bool,
}

/// The relying party for pages of exactly this origin.
pub fn relying_party(origin: &str) -> Result<Webauthn, AssertionError> {
    let refuse = || AssertionError::Origin(origin.to_owned());
    let url = Url::parse(origin).map_err(|_| refuse())?;
    // The library compares origins as URLs, so a path would pass: the text has to be the origin.
    let exact = url.scheme() == "http"
        && url.host_str() == Some(RP_ID)
        && url.port().is_some()
        && url.origin().ascii_serialization() == origin;
    if !exact {
        return Err(refuse());
    }
    WebauthnBuilder::new(RP_ID, &url)
        .and_then(|builder| builder.rp_name("Mechanical Advantage").build())
        .map_err(|_| refuse())
}

#[derive(Deserialize)]
struct ClientData {
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<serde_json::Value>,
}

/// Checks that this passkey signed this approval, on a page of the recorded origin, with the
/// person verified (WebAuthn 3 7.2). The counter is left to the caller, who knows the order.
pub fn verify_assertion(
    credential: &Credential,
    approval: &SignedApproval,
) -> Result<Verified, AssertionError> {
    let assertion = &approval.assertion;
    if assertion.credential_id != credential.id {
        return Err(AssertionError::OtherPasskey);
    }
    let webauthn = relying_party(&approval.origin)?;
    check_client_data(&assertion.client_data_json, &approval.origin)?;

    let state = expected(&webauthn, credential, approval)?;
    let answer: PublicKeyCredential = serde_json::from_value(serde_json::json!({
        "id": assertion.credential_id,
        "rawId": assertion.credential_id,
        "type": "public-key",
        "response": {
            "authenticatorData": assertion.authenticator_data,
            "clientDataJSON": assertion.client_data_json,
            "signature": assertion.signature,
        },
    }))
    .map_err(|_| AssertionError::Malformed)?;
    let result = webauthn
        .finish_passkey_authentication(&answer, &state)
        .map_err(|error| AssertionError::Refused(in_words(&error)))?;
    if !result.user_verified() {
        return Err(AssertionError::NotVerified);
    }
    Ok(Verified {
        counter: result.counter(),
        backup_eligible: result.backup_eligible(),
        backup_state: result.backup_state(),
    })
}

/// What the library found, for a person.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the rest of the library's many errors says itself what it is"
)]
pub fn in_words(error: &WebauthnError) -> String {
    let words = match error {
        WebauthnError::UserNotVerified => "the person was not verified",
        WebauthnError::UserNotPresent => "nobody was there",
        WebauthnError::MismatchedChallenge => "it is for something else than what was asked",
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => {
            "it was made for another page"
        }
        WebauthnError::AuthenticationFailure => "the key did not sign this",
        other => return other.to_string(),
    };
    words.to_owned()
}

fn check_client_data(encoded: &str, origin: &str) -> Result<(), AssertionError> {
    let bytes = from_base64url(encoded).ok_or(AssertionError::Malformed)?;
    let data: ClientData = serde_json::from_slice(&bytes).map_err(|_| AssertionError::Malformed)?;
    if data.origin != origin {
        return Err(AssertionError::Origin(data.origin));
    }
    if data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(AssertionError::CrossOrigin);
    }
    Ok(())
}

/// The library's state for our own challenge. It makes random ones only (kanidm/webauthn-rs#549),
/// so the state is written out, the challenge replaced, and read back.
fn expected(
    webauthn: &Webauthn,
    credential: &Credential,
    approval: &SignedApproval,
) -> Result<PasskeyAuthentication, AssertionError> {
    let mut stored = credential.passkey.clone();
    // The order of counters is checked along the log; here any counter may come.
    let counter = stored
        .pointer_mut("/cred/counter")
        .ok_or(AssertionError::Credential)?;
    *counter = serde_json::json!(0);
    let passkey: Passkey =
        serde_json::from_value(stored).map_err(|_| AssertionError::Credential)?;
    if base64url(passkey.cred_id().as_ref()) != credential.id {
        return Err(AssertionError::Credential);
    }
    let (_, state) = webauthn
        .start_passkey_authentication(&[passkey])
        .map_err(|_| AssertionError::Credential)?;
    let challenge = base64url(approval.preimage.challenge().as_bytes());
    let mut state = serde_json::to_value(&state).map_err(|_| AssertionError::Credential)?;
    let slot = state
        .pointer_mut("/ast/challenge")
        .ok_or(AssertionError::Credential)?;
    *slot = serde_json::Value::String(challenge);
    serde_json::from_value(state).map_err(|_| AssertionError::Credential)
}
