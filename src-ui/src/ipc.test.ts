import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asRefusal } from "./ipc";
import { words } from "./words";

const COMMANDS = [
  "snapshot",
  "item",
  "begin_approval",
  "begin_pairing",
  "begin_enrolment",
  "begin_passkey_revocation",
  "cancel_ceremony",
  "refuse_pairing",
  "reject",
  "undo",
  "settle",
  "history",
  "receipt",
  "export_receipt",
  "settings",
  "revoke_agent",
  "test_account",
  "add_account",
  "set_default_account",
  "set_paused",
  "set_autostart",
  "set_expiry_days",
  "practice",
  "dismiss",
  "initial",
];

const root = join(import.meta.dirname);
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.(svelte|ts)$/.test(name));
const read = (name: string) => readFileSync(join(root, name), "utf8");

test("The window calls the commands that the app has, and all of them", () => {
  const called = [...read("ipc.ts").matchAll(/invoke<[^(]*>\(\s*"([a-z_]+)"/g)].map((match) => match[1]);
  expect(called.toSorted()).toEqual(COMMANDS.toSorted());
});

test("Only one file talks to the app", () => {
  const others = files.filter((name) => read(name).includes("@tauri-apps/") && !/^(ipc|ipc\.test)\.ts$/.test(name));
  expect(others).toEqual([]);
});

test("No component draws HTML from text", () => {
  const found = files.filter(
    (name) => !name.endsWith(".test.ts") && /\{@html|innerHTML|insertAdjacentHTML|document\.write/.test(read(name)),
  );
  expect(found).toEqual([]);
});

test("Nothing is fetched from elsewhere", () => {
  const found = files.filter(
    (name) =>
      name.endsWith(".svelte") && /(src|href)\s*=\s*["'{`]*(https?:)?\/\/|url\(\s*["']?https?:/.test(read(name)),
  );
  expect(found).toEqual([]);
});

test("No made-up data is part of what ships", () => {
  const importing = files.filter(
    (name) => !name.startsWith("dev") && !name.endsWith(".test.ts") && /from ".*\/dev\//.test(read(name)),
  );
  expect(importing).toEqual([]);
});

test("A refusal keeps its words, and silence becomes offline", () => {
  const refusal = { code: "expired", message: "It expired.", next: "Ask again." };
  expect(asRefusal(refusal)).toBe(refusal);
  expect(asRefusal("no such command")).toEqual({ code: "offline", ...words.offline.refusal });
});
