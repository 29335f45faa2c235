//! A passkey in software that also answers wrongly when it is told to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Bits of the authenticator data.
pub mod flag {
    /// A person was present.
    pub const UP: u8 = 1;
    /// The person was verified.
    pub const UV: u8 = 1 << 2;
    /// The key may be backed up.
    pub const BE: u8 = 1 << 3;
    /// The key is backed up.
    pub const BS: u8 = 1 << 4;
    /// The credential's data follows; a registration sets it by itself.
    pub const AT: u8 = 1 << 6;
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signing {
    /// As it should be.
    #[default]
    Good,
    /// One bit of it is turned.
    Corrupt,
    /// The other signature (r, n - s) of the same bytes, which is as good.
    Twin,
}

/// What the browser and the key put into an answer. Absent means: as it
/// should be.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// The origin that the browser reports.
    pub origin: String,
    /// The bits of [`flag`].
    pub flags: u8,
    /// The counter; absent: one more than the last.
    pub counter: Option<u32>,
    /// `crossOrigin`; absent here means absent there.
    pub cross_origin: Option<bool>,
    /// `topOrigin`; absent here means absent there.
    pub top_origin: Option<String>,
    /// `type` of the client data.
    pub kind: Option<String>,
    /// The hash of the relying party's id.
    pub rp_id_hash: Option<[u8; 32]>,
    /// `challenge` of the client data, as text.
    pub challenge: Option<String>,
    /// The id of the credential.
    pub credential_id: Option<Vec<u8>>,
    /// The signature.
    pub signing: Signing,
}

impl Knobs {
    /// An honest answer to a page of this origin.
    pub fn honest(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            flags: flag::UP | flag::UV,
            counter: None,
            cross_origin: Some(false),
            top_origin: None,
            kind: None,
            rp_id_hash: None,
            challenge: None,
            credential_id: None,
            signing: Signing::Good,
        }
    }
}

/// A P-256 passkey.
#[derive(Debug, Clone)]
pub struct SoftPasskey {
    key: SigningKey,
    id: Vec<u8>,
    user: Option<Vec<u8>>,
    counter: u32,
}

impl SoftPasskey {
    /// A new one.
    pub fn new() -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("random bytes");
        Self::from_seed(&seed)
    }

    /// Always the same one for the same seed.
    pub fn from_seed(seed: &[u8]) -> Self {
        let key = SigningKey::from_slice(&Sha256::digest(seed)).expect("a scalar");
        let id = Sha256::digest(key.verifying_key().to_encoded_point(true)).to_vec();
        Self {
            key,
            id,
            user: None,
            counter: 0,
        }
    }

    /// Its credential id.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// The counter of its last answer.
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// What `navigator.credentials.create` would answer to these options, as
    /// `toJSON` gives it.
    pub fn create(&mut self, options: &Value, knobs: &Knobs) -> Value {
        let options = public_key(options);
        self.user = options["user"]["id"].as_str().map(decoded);
        let client = client_data("webauthn.create", options, knobs);
        let mut data = self.authenticator_data(&options["rp"]["id"], knobs.flags | flag::AT, knobs);
        let id = knobs.credential_id.as_ref().unwrap_or(&self.id).clone();
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).expect("a short id").to_be_bytes());
        data.extend(&id);
        data.extend(self.cose_key());
        json!({
            "id": encoded(&id),
            "rawId": encoded(&id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": encoded(&attestation(&data)),
                "clientDataJSON": encoded(client.as_bytes()),
                "transports": ["internal"],
            },
        })
    }

    /// What `navigator.credentials.get` would answer to these options, as
    /// `toJSON` gives it.
    pub fn get(&mut self, options: &Value, knobs: &Knobs) -> Value {
        let options = public_key(options);
        let client = client_data("webauthn.get", options, knobs);
        let data = self.authenticator_data(&options["rpId"], knobs.flags, knobs);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        let signature = match knobs.signing {
            Signing::Good | Signing::Corrupt => signature,
            Signing::Twin => {
                let (r, s) = signature.split_scalars();
                Signature::from_scalars(r, -s).expect("the twin")
            }
        };
        let mut signature = signature.to_der().as_bytes().to_vec();
        if knobs.signing == Signing::Corrupt {
            *signature.last_mut().expect("a byte") ^= 1;
        }
        let id = encoded(knobs.credential_id.as_ref().unwrap_or(&self.id));
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": encoded(&data),
                "clientDataJSON": encoded(client.as_bytes()),
                "signature": encoded(&signature),
                "userHandle": self.user.as_deref().map(encoded),
            },
        })
    }

    fn authenticator_data(&mut self, rp_id: &Value, flags: u8, knobs: &Knobs) -> Vec<u8> {
        self.counter = knobs.counter.unwrap_or(self.counter + 1);
        let own = || Sha256::digest(rp_id.as_str().expect("the relying party's id")).into();
        let mut data = knobs.rp_id_hash.unwrap_or_else(own).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// CBOR: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        [
            &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32],
            x,
            &[0x22, 0x58, 32],
            y,
        ]
        .concat()
    }
}

impl Default for SoftPasskey {
    fn default() -> Self {
        Self::new()
    }
}

/// CBOR: {"fmt": "none", "attStmt": {}, "authData": data}.
fn attestation(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short data").to_be_bytes();
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
    [head.as_slice(), &length, data].concat()
}

fn client_data(kind: &str, options: &Value, knobs: &Knobs) -> String {
    let asked = options["challenge"].as_str().expect("a challenge");
    let mut data = json!({
        "type": knobs.kind.as_deref().unwrap_or(kind),
        "challenge": knobs.challenge.as_deref().unwrap_or(asked),
        "origin": knobs.origin,
    });
    if let Some(cross) = knobs.cross_origin {
        data["crossOrigin"] = json!(cross);
    }
    if let Some(top) = &knobs.top_origin {
        data["topOrigin"] = json!(top);
    }
    data.to_string()
}

/// Options come bare, or wrapped as the browser's call takes them.
fn public_key(options: &Value) -> &Value {
    options.get("publicKey").unwrap_or(options)
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, to_value};
    use webauthn_rs::prelude::{
        AuthenticationResult, Passkey, Url, Uuid, WebauthnError, WebauthnResult,
    };
    use webauthn_rs::{Webauthn, WebauthnBuilder};

    use super::*;

    const ORIGIN: &str = "http://localhost:28002";

    fn party() -> Webauthn {
        let origin = Url::parse(ORIGIN).unwrap();
        WebauthnBuilder::new("localhost", &origin)
            .unwrap()
            .build()
            .unwrap()
    }

    fn register(key: &mut SoftPasskey, knobs: &Knobs) -> WebauthnResult<Passkey> {
        let party = party();
        let (options, state) =
            party.start_passkey_registration(Uuid::from_u128(7), "me", "Me", None)?;
        let answer = key.create(&to_value(options).unwrap(), knobs);
        party.finish_passkey_registration(&from_value(answer).unwrap(), &state)
    }

    fn authenticate(knobs: impl FnOnce(&mut Knobs)) -> WebauthnResult<AuthenticationResult> {
        let mut key = SoftPasskey::new();
        let registered = register(&mut key, &Knobs::honest(ORIGIN))?;
        let party = party();
        let (options, state) = party.start_passkey_authentication(&[registered])?;
        let mut turned = Knobs::honest(ORIGIN);
        knobs(&mut turned);
        let answer = key.get(&to_value(options).unwrap(), &turned);
        party.finish_passkey_authentication(&from_value(answer).unwrap(), &state)
    }

    #[test]
    fn an_honest_key_registers_and_authenticates() {
        let result = authenticate(|_| {}).unwrap();
        assert!(result.user_verified());
        assert_eq!(result.counter(), 2);
    }

    #[test]
    fn a_seed_always_gives_the_same_key() {
        let keys = [&b"a"[..], b"a", b"b"].map(SoftPasskey::from_seed);
        assert_eq!(keys[0].id(), keys[1].id());
        assert_ne!(keys[0].id(), keys[2].id());
    }

    #[test]
    fn a_registration_without_verification_is_refused() {
        let mut knobs = Knobs::honest(ORIGIN);
        knobs.flags = flag::UP;
        let result = register(&mut SoftPasskey::new(), &knobs);
        assert!(
            matches!(result, Err(WebauthnError::UserNotVerified)),
            "{result:?}"
        );
    }

    #[test]
    fn every_knob_that_must_be_refused_is_refused() {
        type Turn = fn(&mut Knobs);
        let turns: [(&str, Turn); 9] = [
            ("no verification", |knobs| knobs.flags = flag::UP),
            ("nobody there", |knobs| knobs.flags = flag::UV),
            ("an old counter", |knobs| knobs.counter = Some(1)),
            ("another origin", |knobs| {
                knobs.origin = "http://localhost:28003".into();
            }),
            ("another kind", |knobs| {
                knobs.kind = Some("webauthn.create".into());
            }),
            ("another party", |knobs| knobs.rp_id_hash = Some([7; 32])),
            ("another challenge", |knobs| {
                knobs.challenge = Some("AAAA".into());
            }),
            ("another credential", |knobs| {
                knobs.credential_id = Some(vec![7; 16]);
            }),
            ("a broken signature", |knobs| {
                knobs.signing = Signing::Corrupt;
            }),
        ];
        for (name, turn) in turns {
            assert!(authenticate(turn).is_err(), "{name}");
        }
    }

    #[test]
    fn what_the_library_leaves_to_its_caller_passes_it() {
        authenticate(|knobs| knobs.signing = Signing::Twin).unwrap();
        authenticate(|knobs| {
            knobs.cross_origin = Some(true);
            knobs.top_origin = Some("http://elsewhere.example".into());
        })
        .unwrap();
    }
}
