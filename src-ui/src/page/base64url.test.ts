import { expect, test } from "vitest";
import { decode, encode } from "./base64url";

test("Base64url goes there and back for every length and byte", () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length * 11) % 256);
    const text = encode(bytes);
    expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
    expect([...decode(text)]).toEqual([...bytes]);
  }
});

test("Base64url knows its two special letters and takes padding", () => {
  expect(encode(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe("-__-");
  expect([...decode("-__-")]).toEqual([0xfb, 0xff, 0xfe]);
  expect([...decode("AQ==")]).toEqual([1]);
});
