import { afterEach, expect, test, vi } from "vitest";
import { words } from "../words";
import { asJson, explain, prepare } from "./passkey";

afterEach(() => vi.unstubAllGlobals());

const bytes = (...values: number[]) => Uint8Array.from(values).buffer;

test("A browser without the JSON methods is given bytes all the same", () => {
  vi.stubGlobal("PublicKeyCredential", class {});
  const ready = prepare({
    kind: "get",
    options: { challenge: "AQID", rpId: "localhost", allowCredentials: [{ id: "-__-", type: "public-key" }] },
  });
  if (ready.kind !== "get") throw new Error("another kind");
  const options = ready.options.publicKey;
  expect([...new Uint8Array(options?.challenge as ArrayBuffer)]).toEqual([1, 2, 3]);
  expect([...new Uint8Array(options?.allowCredentials?.[0]?.id as ArrayBuffer)]).toEqual([0xfb, 0xff, 0xfe]);
  expect(options?.rpId).toBe("localhost");
});

test("A browser with the JSON methods is asked through them", () => {
  const parse = vi.fn(() => ({ challenge: bytes(9) }));
  vi.stubGlobal(
    "PublicKeyCredential",
    class {
      static parseCreationOptionsFromJSON = parse;
    },
  );
  const json = { challenge: "CQ", user: { id: "AQ", name: "you", displayName: "you" } };
  const ready = prepare({ kind: "create", options: json });
  expect(parse).toHaveBeenCalledWith(json);
  expect(ready.options.publicKey?.challenge).toEqual(bytes(9));
});

test("A credential that cannot write itself as JSON is written for it", () => {
  const credential = {
    id: "AQID",
    rawId: bytes(1, 2, 3),
    type: "public-key",
    authenticatorAttachment: "platform",
    getClientExtensionResults: () => ({}),
    toJSON: () => {
      throw new TypeError("replaced");
    },
    response: {
      clientDataJSON: bytes(4),
      authenticatorData: bytes(5),
      signature: bytes(6),
      userHandle: null,
    },
  };
  expect(asJson(credential as unknown as PublicKeyCredential)).toEqual({
    id: "AQID",
    rawId: "AQID",
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: {},
    response: { clientDataJSON: "BA", authenticatorData: "BQ", signature: "Bg", userHandle: undefined },
  });
});

test("Each way in which a browser says no has its own words", () => {
  expect(explain(new DOMException("", "NotAllowedError")).message).toBe(words.page.notAllowed);
  expect(explain(new DOMException("", "InvalidStateError")).message).toBe(words.page.invalidState);
  expect(explain(new DOMException("", "SecurityError")).message).toBe(words.page.security);
  expect(explain(new TypeError("odd")).message).toBe(words.page.failed);
});
