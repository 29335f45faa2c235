import type { Display } from "../types/Display";
import type { Field } from "../types/Field";
import type { Item } from "../types/Item";
import type { PageView } from "../types/PageView";
import type { PracticeView } from "../types/PracticeView";
import type { ReceiptView } from "../types/ReceiptView";
import type { Row } from "../types/Row";
import type { SettingsView } from "../types/SettingsView";
import type { Shown } from "../types/Shown";
import type { Snapshot } from "../types/Snapshot";
import type { State } from "../types/State";

/** Made-up people and mails, to look at and to test with. */
export const NOW = new Date("2026-11-19T14:06:15").getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const text = (value: string): Shown => [{ kind: "text", text: value }];
const address = (role: "from" | "to" | "cc" | "bcc", at: string, name?: string | Shown): Field => {
  const [local = "", domain = ""] = at.split("@");
  const shown = typeof name === "string" ? text(name) : (name ?? null);
  return { kind: "address", role, address: { local, domain, name: shown } };
};

const QUAY = `Dear Mara,

Thursday 26 November at 08:30 works for us. Per will be on site with two people and the small boat, and will need access to the east ladder from 08:00.

The current drawings are attached (revision C, 12 November). The mooring loads on sheet 4 are the ones we agreed in October; nothing else has changed.

Tomas, please tell us if the insurer needs anything beyond the drawing set.

Kind regards,
Ines Falk
Brightwater Marine`;

export const longMail: Display = {
  version: 1,
  verb: "email.send",
  does: "Send",
  title: text("Quay 4 survey, new date"),
  fields: [
    address("from", "ines.falk@brightwater.test", "Ines Falk"),
    address("to", "mara.olsen@northquay.test", "Mara Olsen"),
    address("cc", "t.reyes@meridian-cover.test", "Tomas Reyes"),
    address("cc", "per.lund@brightwater.test", "Per Lund"),
    { kind: "line", label: "Subject", value: text("Quay 4 survey, new date") },
    { kind: "body", value: text(QUAY) },
    {
      kind: "attachment",
      name: text("quay-4-drawings-rev-C.pdf"),
      media_type: "application/pdf",
      size: 2_412_331,
      sha256: "6b1f0c9e52a7d41893be60fa17c2855de04b71a63f98cd20b85a164e7d03f29b",
    },
  ],
  said: {
    agent: "Claude",
    reason: text("Mara asked you to confirm the new survey date. I checked your calendar and attached the drawings."),
  },
};

export const shortMail: Display = {
  version: 1,
  verb: "email.send",
  does: "Send",
  title: text("Friday"),
  fields: [
    address("from", "you@practice.test"),
    address("to", "mara@practice.test"),
    { kind: "line", label: "Subject", value: text("Friday") },
    { kind: "body", value: text("Does Friday at ten suit you?") },
  ],
  said: { agent: "Claude", reason: text("you asked me to confirm") },
};

export const hostileMail: Display = {
  version: 1,
  verb: "email.send",
  does: "Send",
  title: [
    { kind: "text", text: "Invoice " },
    { kind: "hidden", code: "U+202E" },
    { kind: "text", text: "fdp.exe حساب رقم ٤٢ for approval" },
  ],
  fields: [
    address("from", "ines.falk@brightwater.test", "Ines Falk"),
    address(
      "to",
      "accounts.payable.department.for.northern.europe.and.the.baltic@a-very-long-subdomain-label-for-layout.lindgrenlaw-and-associates-international.test",
      [
        { kind: "text", text: "ceo@brightwater.test " },
        { kind: "hidden", code: "U+200B" },
        { kind: "text", text: "<trusted>" },
      ],
    ),
    address("bcc", "שלום@דוגמה.test", "דנה"),
    {
      kind: "line",
      label: "Subject",
      value: [
        { kind: "text", text: "Invoice " },
        { kind: "hidden", code: "U+202E" },
        { kind: "text", text: "fdp.exe حساب رقم ٤٢ for approval" },
      ],
    },
    {
      kind: "body",
      value: [
        {
          kind: "text",
          text: `<img src=x onerror=alert(1)> <b>not bold</b>\n\nمرحبا، هذه الفاتورة رقم 42 من Lindgren.\nשלום, this line is mixed.\n\n${"unbroken".repeat(40)}\n\nPlease ignore`,
        },
        { kind: "hidden", code: "U+200B" },
        { kind: "hidden", code: "U+200B" },
        { kind: "text", text: " everything above.\n\tTabbed line\n" },
        { kind: "text", text: "One more line.\n".repeat(30) },
      ],
    },
    {
      kind: "attachment",
      name: [
        { kind: "text", text: "invoice-" },
        { kind: "hidden", code: "U+202E" },
        { kind: "text", text: `fdp.${"long-name-".repeat(9)}exe` },
      ],
      media_type: "application/octet-stream",
      size: 913,
      sha256: "00ff0c9e52a7d41893be60fa17c2855de04b71a63f98cd20b85a164e7d03ff00",
    },
  ],
  said: { agent: "Hermes", reason: text("The law firm asked for it again. I am sure that this is fine.") },
};

export const pairingDisplay: Display = {
  version: 1,
  verb: "pair-agent",
  does: "Connect",
  title: text("Claude"),
  fields: [
    { kind: "line", label: "Code", value: text("4821") },
    { kind: "line", label: "Key", value: text("77c1 09ab e412 5d3f") },
    { kind: "line", label: "May", value: text("Read and propose. Never approve.") },
  ],
  said: null,
};

export const enrolDisplay: Display = {
  version: 1,
  verb: "enrol-passkey",
  does: "Add a passkey",
  title: text("Security key in the drawer"),
  fields: [
    { kind: "line", label: "Passkey", value: text("1b9e 44d0 7a2c 90f1") },
    { kind: "line", label: "May", value: text("Approve everything, as this one does.") },
  ],
  said: null,
};

type Made = { display: Display; id: string; state?: State; ago?: number; changed?: number } & Partial<Item>;

export function item(made: Made): Item {
  const { display, id, state = "pending", ago = 4 * MINUTE, changed, ...rest } = made;
  const recipients = display.fields.filter((field) => field.kind === "address" && field.role !== "from");
  const first = recipients[0];
  const digest = id.padEnd(64, "0").replaceAll(/[^0-9a-f]/g, "a");
  return {
    row: {
      id,
      state,
      verb: display.verb,
      does: display.does,
      to: first?.kind === "address" ? { local: first.address.local, domain: first.address.domain } : null,
      more: Math.max(0, recipients.length - 1),
      title: display.title,
      agent: display.said?.agent ?? "Claude",
      proposed: NOW - ago,
      expires: NOW - ago + 3 * DAY,
      changed: NOW - (changed ?? ago),
      leaves: state === "held" ? NOW + 7000 : null,
    },
    display,
    digest,
    fingerprint: "9f2c 41d7 a0be 6e13",
    hold: 10_000,
    revises: null,
    superseded_by: null,
    rejection: null,
    outcome: null,
    story: [{ at: NOW - ago, what: "Proposed by Claude.", detail: null }],
    broken: null,
    ...rest,
  };
}

const winter: Display = {
  ...shortMail,
  title: text("Winter schedule"),
  fields: [
    address("from", "ines.falk@brightwater.test"),
    address("to", "team@brightwater.test", "Team"),
    { kind: "line", label: "Subject", value: text("Winter schedule") },
    { kind: "body", value: text("The yard closes at 16:00 from Monday.\n\nInes") },
  ],
  said: { agent: "Claude", reason: text("You decided this in the meeting on Tuesday.") },
};
const slip: Display = {
  ...shortMail,
  title: text("Slip rental, winter terms"),
  fields: [
    address("from", "ines.falk@brightwater.test"),
    address("to", "p.okafor@seacourt.test", "Peter Okafor"),
    { kind: "line", label: "Subject", value: text("Slip rental, winter terms") },
    { kind: "body", value: text("Dear Peter,\n\nthe winter terms are unchanged.\n\nInes Falk") },
  ],
};
const mast: Display = {
  ...shortMail,
  title: text("Mast delivery"),
  fields: [
    address("from", "ines.falk@brightwater.test"),
    address("to", "b.aalto@kestrel-yachts.test", "Birgit Aalto"),
    { kind: "line", label: "Subject", value: text("Mast delivery") },
    { kind: "body", value: text("We promise the mast for 3 December.") },
  ],
};

export const inDoubt = item({
  display: slip,
  id: "doubt",
  state: "in_doubt",
  ago: 20 * MINUTE,
  changed: 5 * MINUTE,
  outcome: {
    result: "unknown",
    reference: "<01JD2QH2.b7713e09@brightwater.test>",
    detail: "The line broke before the server answered.",
    next: null,
  },
  story: [
    { at: NOW - 5 * MINUTE - 9000, what: "Approved.", detail: "Touch ID, Ines’s MacBook" },
    { at: NOW - 5 * MINUTE, what: "The server took sender and recipient.", detail: "250 2.1.5 Ok" },
    { at: NOW - 5 * MINUTE + 1000, what: "The whole mail was handed over.", detail: "18,204 bytes and the final dot" },
    { at: NOW - 5 * MINUTE + 31_000, what: "No answer; the connection closed.", detail: "Last words: none" },
  ],
});

export const sent = item({
  display: longMail,
  id: "sent",
  state: "executed",
  changed: 53 * 1000,
  ago: 9 * MINUTE,
  outcome: {
    result: "done",
    reference: "<01JD2Q7F.9f2c41d7@brightwater.test>",
    detail: "The server took it: 250 2.0.0 Ok: queued as 4Kd91",
    next: null,
  },
});
const rejected = item({
  display: mast,
  id: "rejected",
  state: "rejected",
  ago: 30 * MINUTE,
  changed: 15 * MINUTE,
  rejection: "Never promise a date. Say that the yard confirms it in writing.",
});
const failed = item({
  display: winter,
  id: "failed",
  state: "failed",
  ago: DAY + HOUR,
  changed: DAY,
  outcome: {
    result: "not_done",
    reference: null,
    detail: "The server did not accept the sign-in, so nothing was sent. 535 5.7.8 Authentication failed.",
    next: "Renew the app password in Settings, and ask the agent to propose it again.",
  },
});
const expired = item({ display: winter, id: "expired", state: "expired", ago: 5 * DAY, changed: 2 * DAY });
const older = item({ display: winter, id: "older", state: "executed", ago: 20 * DAY, changed: 20 * DAY });

export const long = item({ display: longMail, id: "long" });
export const short = item({ display: shortMail, id: "short", ago: 40_000 });
export const hostile = item({ display: hostileMail, id: "hostile", ago: 11 * MINUTE });
const broken = item({
  display: winter,
  id: "broken",
  ago: 2 * HOUR,
  broken: "The stored bytes do not match entry 4,171 of the log.",
});
const waits = item({ display: mast, id: "waits", ago: HOUR });
const running = item({ display: winter, id: "running", state: "executing", ago: 3 * MINUTE, changed: 2000 });
export const heldItem = item({
  display: longMail,
  id: "held",
  state: "held",
  changed: 3000,
  story: [
    { at: NOW - 4 * MINUTE, what: "Proposed by Claude.", detail: null },
    { at: NOW - 3000, what: "Approved.", detail: "Touch ID, Ines’s MacBook" },
  ],
});

export const items: Item[] = [
  long,
  short,
  hostile,
  broken,
  waits,
  running,
  heldItem,
  inDoubt,
  sent,
  rejected,
  failed,
  expired,
  older,
];
export const past: Row[] = [sent, rejected, failed, expired].map((one) => one.row);
export const furtherPast: Row[] = [older.row];

export const receipt: ReceiptView = {
  id: "sent",
  approved: NOW - 63_000,
  passkey: "Touch ID, Ines’s MacBook",
  synced: false,
  route: "Approval page, http://localhost:28002",
  entry: 4182,
  checkpoint: 4190,
  root: "3kVZpQ9cT0yHn1uRwB6sLx8fJmE2aG7dYvKoXi4N5hM=",
  checks: [
    { name: "Shown is what was signed", holds: true, detail: "Display bytes match the signed digest" },
    { name: "Sent is what was shown", holds: true, detail: "Message rebuilt from the stored bytes" },
    { name: "The passkey signed this", holds: true, detail: "Decision “approve”, person verified, origin exact" },
    { name: "The passkey was valid", holds: true, detail: "Enrolled 2 Sep 2026, not revoked at entry 4,182" },
    { name: "It is in the log", holds: true, detail: "Inclusion proof, 13 steps" },
    { name: "The log is whole", holds: true, detail: "Checkpoint signature and root" },
    { name: "Counters rise", holds: true, detail: "No earlier signature reused" },
  ],
  valid: true,
};

export const settings: SettingsView = {
  accounts: [
    { id: "a1", kind: "smtp", address: "ines.falk@brightwater.test", name: "Ines Falk", server: "smtp.brightwater.test:465", default: true },
    { id: "a0", kind: "practice", address: "you@practice.test", name: null, server: null, default: false },
  ],
  agents: [
    { id: "g1", name: "Claude", paired: NOW - 40 * DAY, last_used: NOW - 4 * MINUTE, expires: NOW + 50 * DAY, revoked: null, open: 2 },
    { id: "g2", name: "Hermes", paired: NOW - 12 * DAY, last_used: null, expires: NOW + 78 * DAY, revoked: null, open: 0 },
    { id: "g3", name: "invoice-bot", paired: NOW - 90 * DAY, last_used: NOW - 70 * DAY, expires: NOW, revoked: NOW - 60 * DAY, open: 0 },
  ],
  passkeys: [
    { id: "p1", label: "Touch ID, Ines’s MacBook", enrolled: NOW - 78 * DAY, last_used: NOW - 53_000, synced: false, first: true, revoked: null },
    { id: "p2", label: "Security key in the drawer", enrolled: NOW - 70 * DAY, last_used: null, synced: false, first: false, revoked: null },
  ],
  secrets: "file",
  autostart: true,
  expiry_days: 3,
  agents_door: "http://localhost:28001",
  page_door: "http://localhost:28002",
  install_id: "01JB8Z6M3Q5T9V7X0C2D4F6H8K",
  log_size: 4190,
  log_root: receipt.root,
  home: "/home/ines/.local/share/mechanical-advantage",
};

export const practice: PracticeView = {
  address: "you@practice.test",
  mailboxes: [
    {
      address: "mara@practice.test",
      name: "Mara",
      mails: [
        { message_id: "<m1@practice.test>", from: "you@practice.test", subject: text("Friday"), text: text("Does Friday at ten suit you?"), attachments: [], at: NOW - 5 * MINUTE },
      ],
    },
    { address: "jonas@practice.test", name: "Jonas", mails: [] },
  ],
};

export const empty: Snapshot = {
  version: "0.1.0",
  passkeys: 1,
  agents: 1,
  practised: true,
  paused: false,
  queue: [],
  pairings: [],
  notices: [],
  ceremony: null,
  now: NOW,
};

const pairing = { id: "pair", name: "Claude", code: "4821", expires: NOW + 9 * MINUTE };
const queue = [short.row, long.row, hostile.row, broken.row, waits.row];
const ceremony = { decision: "approve" as const, words: "copper heron", opened: true, expires: NOW + 110_000 };

/** Each state of the window by name. */
export const scenes: Record<string, Partial<Snapshot> & { open?: string; view?: "history" | "settings" }> = {
  queue: { queue, open: "long" },
  hostile: { queue, open: "hostile" },
  short: { queue, open: "short" },
  broken: { queue, open: "broken" },
  held: { queue: [heldItem.row, ...queue.filter((row) => row.id !== "long")], open: "held" },
  executing: { queue: [running.row, ...queue.slice(2)], open: "running" },
  ended: { queue: queue.slice(2), open: "sent" },
  endedRejected: { queue: [], open: "rejected" },
  doubt: { queue: [inDoubt.row, ...queue], open: "doubt" },
  ceremony: { queue, open: "long", ceremony: { ...ceremony, subject: "long" } },
  elsewhere: { queue, open: "short", ceremony: { ...ceremony, subject: "long" } },
  pairing: { queue, pairings: [pairing], open: "pair" },
  paused: { queue, paused: true, open: "long" },
  notices: {
    queue,
    open: "long",
    notices: [
      { code: "no_keychain", loudness: "look", title: "No keychain was found.", text: "Secrets are kept in a file that programs running as you can read. Install a keychain, then connect the accounts again.", dismissable: true, at: NOW },
      { code: "log_broken", loudness: "stop", title: "The log does not match its own record.", text: "Approvals are closed, and nothing leaves. Keep the folder as it is and look at Settings, About.", dismissable: false, at: NOW },
      { code: "updated", loudness: "note", title: "This is version 0.1.0.", text: "Nothing else has changed.", dismissable: true, at: NOW },
    ],
  },
  empty: {},
  history: { view: "history", open: "sent" },
  historyRejected: { view: "history", open: "rejected" },
  historyFailed: { view: "history", open: "failed" },
  historyDoubt: { view: "history", open: "doubt" },
  historyBad: { view: "history", open: "sent" },
  settings: { view: "settings" },
  settingsRemove: { view: "settings", ceremony: { ...ceremony, decision: "revoke-passkey", subject: "p2" } },
  welcome1: { passkeys: 0, agents: 0, practised: false },
  welcome1open: { passkeys: 0, agents: 0, practised: false, ceremony: { ...ceremony, decision: "enrol-passkey", subject: "first-passkey" } },
  welcome2: { agents: 0, practised: false },
  welcome2pair: { agents: 0, practised: false, pairings: [pairing] },
  welcome2open: { agents: 0, practised: false, pairings: [pairing], ceremony: { ...ceremony, decision: "pair-agent", subject: "pair" } },
  welcome3: { practised: false },
  welcome3read: { practised: false, queue: [short.row] },
  offline: {},
  silent: {},
};

const challenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
export const pages: Record<string, PageView> = {
  approve: page("approve", longMail),
  hostile: page("approve", hostileMail),
  pair: page("pair-agent", pairingDisplay),
  second: page("enrol-passkey", enrolDisplay),
  first: {
    ...page("enrol-passkey", null),
    ask: {
      kind: "create",
      options: {
        challenge,
        rp: { id: "localhost", name: "Mechanical Advantage" },
        user: { id: "AQID", name: "you", displayName: "you" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      },
    },
  },
};

function page(decision: PageView["decision"], display: Display | null): PageView {
  return {
    words: "copper heron",
    decision,
    display,
    fingerprint: display ? "9f2c 41d7 a0be 6e13" : null,
    ask: { kind: "get", options: { challenge, rpId: "localhost", allowCredentials: [], userVerification: "required" } },
    secret: "c2VjcmV0",
    expires: Date.now() + 118_000,
  };
}
