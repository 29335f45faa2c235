import { expect, test } from "vitest";
import { groups, hiddenIn, lines, plain, size } from "./text";
import type { Shown } from "./types/Shown";

const mixed: Shown = [
  { kind: "text", text: "one\n\ntwo" },
  { kind: "hidden", code: "U+202E" },
  { kind: "text", text: "three\n" },
];

test("Text is split into lines and loses none of them", () => {
  expect(lines(mixed)).toEqual([
    [{ kind: "text", text: "one" }],
    [],
    [{ kind: "text", text: "two" }, { kind: "hidden", code: "U+202E" }, { kind: "text", text: "three" }],
    [],
  ]);
});

test("Marks are counted and written out where only plain text fits", () => {
  expect(hiddenIn(mixed)).toBe(1);
  expect(plain(mixed)).toBe("one\n\ntwo[U+202E]three\n");
});

test("Sizes are in decimal units", () => {
  expect(size(1)).toBe("1\u00a0byte");
  expect(size(913)).toBe("913\u00a0bytes");
  expect(size(2_412_331)).toBe("2.4\u00a0MB");
  expect(size(18_204)).toBe("18\u00a0kB");
  expect(size(999_999)).toBe("1.0\u00a0MB");
});

test("A hash is shown whole, in groups of eight", () => {
  const hash = "6b1f0c9e52a7d41893be60fa17c2855de04b71a63f98cd20b85a164e7d03f29b";
  expect(groups(hash)).toHaveLength(8);
  expect(groups(hash).join("")).toBe(hash);
});
