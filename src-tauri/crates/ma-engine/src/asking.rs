//! What the browser is asked: to make a passkey, or to sign the challenge that commits to the
//! content.

use crate::ceremony::{Ceremony, Phase, failed};
use crate::chance;
use crate::engine::{Engine, lock, refusal};
use crate::view::{PageAsk, PageView, Refusal};
use ma_core::{Canonical, Credential, Digest, Millis, Preimage};
use ma_receipt::{base64url, in_words, relying_party};
use webauthn_rs::prelude::Passkey;

impl Engine {
    pub(crate) fn ask_to_create(
        &self,
        ceremony: &Ceremony,
        label: &str,
    ) -> Result<(PageView, Phase), Refusal> {
        let webauthn = relying_party(&self.config.page_origin())?;
        let exclude = lock(&self.ring)
            .active()
            .filter_map(|c| serde_json::from_value::<Passkey>(c.passkey.clone()).ok())
            .map(|p| p.cred_id().clone())
            .collect();
        // A handle of its own for each passkey: with one for all, an authenticator would replace
        // the older passkey by the newer.
        let handle = webauthn_rs::prelude::Uuid::from_bytes(chance::bytes()?);
        let (options, state) = webauthn
            .start_passkey_registration(handle, label, label, Some(exclude))
            .map_err(|e| failed(&in_words(&e)))?;
        let mut options = serde_json::to_value(&options).map_err(|e| failed(&e.to_string()))?;
        let mut public = options
            .get_mut("publicKey")
            .map(serde_json::Value::take)
            .unwrap_or_default();
        hint(&mut public);
        let page = Self::page(ceremony, PageAsk::Create { options: public });
        Ok((page, Phase::Creating(Box::new(state))))
    }

    pub(crate) fn ask_to_sign(
        &self,
        ceremony: &Ceremony,
        now: Millis,
    ) -> Result<(PageView, Phase), Refusal> {
        let install = self.unsealed()?;
        let (credentials, key_set) = {
            let ring = lock(&self.ring);
            (ring.active().cloned().collect::<Vec<_>>(), ring.digest())
        };
        let passkeys: Vec<Passkey> = credentials
            .iter()
            .filter_map(|c| serde_json::from_value(c.passkey.clone()).ok())
            .collect();
        if passkeys.is_empty() {
            // An empty list would let any passkey of this name answer.
            return Err(refusal(
                "no_passkey",
                "There is no passkey that may approve.",
                "Make a passkey first.",
            ));
        }
        let webauthn = relying_party(&self.config.page_origin())?;
        let (options, _) = webauthn
            .start_passkey_authentication(&passkeys)
            .map_err(|e| failed(&in_words(&e)))?;
        let head = *lock(&self.head);
        let display = ceremony
            .shown
            .display
            .as_ref()
            .map_or_else(|| Digest::of(b""), Canonical::digest);
        let preimage = Preimage {
            install_id: install.id.clone(),
            subject: ceremony.subject.name(),
            decision: ceremony.subject.decision(),
            action_sha256: Digest::of(&ceremony.shown.action),
            display_sha256: display,
            prepared_sha256: Digest::of(&ceremony.shown.prepared),
            nonce: base64url(options.public_key.challenge.as_ref()),
            log_root: head.hash,
            log_size: head.size,
            key_set_sha256: key_set,
            issued_ms: now,
            expires_ms: ceremony.expires,
        };
        let mut public =
            serde_json::to_value(&options.public_key).map_err(|e| failed(&e.to_string()))?;
        if let Some(slot) = public.get_mut("challenge") {
            *slot = serde_json::Value::String(base64url(preimage.challenge().as_bytes()));
        }
        transports(&mut public, &credentials);
        hint(&mut public);
        let page = Self::page(ceremony, PageAsk::Get { options: public });
        Ok((page, Phase::Signing(Box::new(preimage))))
    }

    fn page(ceremony: &Ceremony, ask: PageAsk) -> PageView {
        PageView {
            words: ceremony.words.clone(),
            decision: ceremony.subject.decision(),
            display: ceremony.shown.display.clone(),
            fingerprint: ceremony.shown.fingerprint.clone(),
            ask,
            secret: ceremony.secret.clone(),
            expires: ceremony.expires,
        }
    }
}

/// Tells the browser to try this computer's own authenticator first (WebAuthn 3 5.8.7).
fn hint(options: &mut serde_json::Value) {
    if let Some(object) = options.as_object_mut() {
        object.insert("hints".to_owned(), serde_json::json!(["client-device"]));
    }
}

/// The library drops transports without attestation; the stored ones spare the person a choice.
fn transports(options: &mut serde_json::Value, credentials: &[Credential]) {
    let Some(list) = options
        .get_mut("allowCredentials")
        .and_then(serde_json::Value::as_array_mut)
    else {
        return;
    };
    for allowed in list {
        let id = allowed.get("id").and_then(serde_json::Value::as_str);
        let known = credentials.iter().find(|c| Some(c.id.as_str()) == id);
        if let (Some(known), Some(object)) = (known, allowed.as_object_mut())
            && !known.transports.is_empty()
        {
            object.insert("transports".to_owned(), serde_json::json!(known.transports));
        }
    }
}
