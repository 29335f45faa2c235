import type { Item } from "../types/Item";
import type { Snapshot } from "../types/Snapshot";
import { tell } from "./event";
import * as made from "./fixtures";

/** A made-up app behind the window: it answers every command from the fixtures. */
export type State = { snapshot: Snapshot; items: Map<string, Item>; scene: string; asked: [string, unknown][] };

export const state: State = { snapshot: made.empty, items: new Map(), scene: "empty", asked: [] };

/** Sets the scene by name. */
export function setScene(name: string): void {
  const { open: _open, view: _view, ...rest } = made.scenes[name] ?? {};
  state.scene = name;
  state.asked = [];
  state.snapshot = { ...made.empty, ...rest };
  state.items = new Map(made.items.map((item) => [item.row.id, item]));
}

const refuse = (code: string, message: string, next: string) => Promise.reject({ code, message, next });

export async function invoke<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  state.asked.push([command, args]);
  return (await answer(command, args)) as T;
}

async function answer(command: string, args: Record<string, unknown>): Promise<unknown> {
  const id = String(args["id"] ?? "");
  if (state.scene === "offline") return Promise.reject("no such command");
  if (state.scene === "silent") return new Promise(() => undefined);
  const scene = made.scenes[state.scene] ?? {};
  switch (command) {
    case "snapshot":
      return state.snapshot;
    case "initial":
      return { view: scene.view ?? "queue", id: scene.open ?? null };
    case "item": {
      const found = state.items.get(id);
      return found ?? refuse("not_found", "This proposal is not here any more.", "Look in the history.");
    }
    case "begin_approval":
    case "begin_pairing":
    case "begin_passkey_revocation":
      return begin(id, command === "begin_approval" ? "approve" : command === "begin_pairing" ? "pair-agent" : "revoke-passkey");
    case "begin_enrolment":
      return begin("first-passkey", "enrol-passkey");
    case "cancel_ceremony":
      return change({ ceremony: null });
    case "set_paused":
      return change({ paused: args["paused"] === true });
    case "dismiss":
      return change({ notices: state.snapshot.notices.filter((notice) => notice.code !== args["code"]) });
    case "reject":
    case "undo":
    case "settle":
      return move(command, id, args);
    case "history":
      return args["older"] === null
        ? { to_settle: [made.inDoubt.row], rows: made.past, older: "next" }
        : { to_settle: [], rows: made.furtherPast, older: null };
    case "receipt":
      return state.scene === "historyBad" ? badReceipt() : made.receipt;
    case "export_receipt":
      return "/home/ines/Downloads/receipt-9f2c41d7a0be6e13.json";
    case "settings":
      return made.settings;
    case "practice":
      return made.practice;
    case "test_account":
    case "add_account":
      return {
        steps: [
          { name: "The server answers", holds: true, detail: "smtp.brightwater.test:465, TLS 1.3" },
          { name: "It takes the sign-in", holds: false, detail: "535 5.7.8 Authentication failed" },
        ],
        works: false,
        next: "Make an app password at your provider and type it here.",
      };
    default:
      return null;
  }
}

function begin(subject: string, decision: "approve" | "pair-agent" | "revoke-passkey" | "enrol-passkey") {
  const ceremony = { subject, decision, words: "copper heron", opened: true, expires: state.snapshot.now + 120_000 };
  change({ ceremony });
  return ceremony;
}

function move(command: string, id: string, args: Record<string, unknown>) {
  const item = state.items.get(id);
  if (item === undefined) return refuse("not_found", "This proposal is not here any more.", "Look in the history.");
  const next =
    command === "reject" ? "rejected" : command === "undo" ? "pending" : args["happened"] ? "executed" : "failed";
  const row = { ...item.row, state: next, leaves: null, changed: state.snapshot.now } as const;
  state.items.set(id, { ...item, row, rejection: command === "reject" ? String(args["reason"]) : null });
  const queue = state.snapshot.queue.map((one) => (one.id === id ? row : one));
  return change({ queue: queue.filter((one) => one.state !== "rejected" && one.state !== "executed") });
}

function change(part: Partial<Snapshot>): null {
  state.snapshot = { ...state.snapshot, ...part };
  tell("changed", null);
  return null;
}

function badReceipt() {
  const checks = made.receipt.checks.map((check, index) =>
    index === 1
      ? { ...check, holds: false, detail: "The stored message has another digest: 1f0a… instead of 9f2c…" }
      : check,
  );
  return { ...made.receipt, checks, valid: false };
}
