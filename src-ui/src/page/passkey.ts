import type { PageAsk } from "../types/PageAsk";
import type { Refusal } from "../types/Refusal";
import { words } from "../words";
import { decode, encode } from "./base64url";

type Described = { id: string; type: PublicKeyCredentialType; transports?: AuthenticatorTransport[] };
type Creation = Omit<PublicKeyCredentialCreationOptions, "challenge" | "user" | "excludeCredentials"> & {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: Described[];
};
type Request = Omit<PublicKeyCredentialRequestOptions, "challenge" | "allowCredentials"> & {
  challenge: string;
  allowCredentials?: Described[];
};

/** This browser can be asked for a passkey at all. */
export function offered(): boolean {
  return typeof PublicKeyCredential === "function" && "credentials" in navigator;
}

/** Options that are ready before the click, so that nothing stands between the click and the question. */
export type Ready = { kind: "create"; options: CredentialCreationOptions } | { kind: "get"; options: CredentialRequestOptions };

export function prepare(ask: PageAsk): Ready {
  return ask.kind === "create"
    ? { kind: "create", options: { publicKey: creation(ask.options as Creation) } }
    : { kind: "get", options: { publicKey: request(ask.options as Request) } };
}

/** Asks the browser. Call it inside the click. */
export async function gesture(ready: Ready): Promise<unknown> {
  const credential =
    ready.kind === "create"
      ? await navigator.credentials.create(ready.options)
      : await navigator.credentials.get(ready.options);
  if (credential === null) throw new DOMException("no credential", "NotAllowedError");
  return asJson(credential as PublicKeyCredential);
}

/** What happened, what did not, and what to do, for each way in which a browser says no. */
export function explain(error: unknown): Refusal {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "AbortError":
      return { code: "not_allowed", message: words.page.notAllowed, next: words.page.notAllowedNext };
    case "InvalidStateError":
      return { code: "invalid_state", message: words.page.invalidState, next: words.page.invalidStateNext };
    case "SecurityError":
      return { code: "security", message: words.page.security, next: words.page.securityNext };
    default:
      return { code: "browser", message: words.page.failed, next: words.page.failedNext };
  }
}

function creation(json: Creation): PublicKeyCredentialCreationOptions {
  if (typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function") {
    try {
      return PublicKeyCredential.parseCreationOptionsFromJSON(
        json as unknown as PublicKeyCredentialCreationOptionsJSON,
      );
    } catch {
      // Some password managers replace it with one that fails; ours does the same.
    }
  }
  const { challenge, user, excludeCredentials, ...rest } = json;
  return {
    ...rest,
    challenge: decode(challenge),
    user: { ...user, id: decode(user.id) },
    excludeCredentials: (excludeCredentials ?? []).map(described),
  };
}

function request(json: Request): PublicKeyCredentialRequestOptions {
  if (typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function") {
    try {
      return PublicKeyCredential.parseRequestOptionsFromJSON(
        json as unknown as PublicKeyCredentialRequestOptionsJSON,
      );
    } catch {
      // As above.
    }
  }
  const { challenge, allowCredentials, ...rest } = json;
  return { ...rest, challenge: decode(challenge), allowCredentials: (allowCredentials ?? []).map(described) };
}

function described(json: Described): PublicKeyCredentialDescriptor {
  return { ...json, id: decode(json.id) };
}

export function asJson(credential: PublicKeyCredential): unknown {
  if (typeof credential.toJSON === "function") {
    try {
      return credential.toJSON();
    } catch {
      // As above.
    }
  }
  const response = credential.response;
  const common = {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
  if ("attestationObject" in response) {
    const made = response as AuthenticatorAttestationResponse;
    return {
      ...common,
      response: {
        clientDataJSON: encode(made.clientDataJSON),
        attestationObject: encode(made.attestationObject),
        transports: made.getTransports?.() ?? [],
      },
    };
  }
  const given = response as AuthenticatorAssertionResponse;
  return {
    ...common,
    response: {
      clientDataJSON: encode(given.clientDataJSON),
      authenticatorData: encode(given.authenticatorData),
      signature: encode(given.signature),
      userHandle: given.userHandle ? encode(given.userHandle) : undefined,
    },
  };
}
