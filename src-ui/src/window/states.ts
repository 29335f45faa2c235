import type { IconName } from "../parts/Icon.svelte";
import type { Row } from "../types/Row";
import { words } from "../words";

/** Where a proposal stands, in a word: "Sent", "Rejected". */
export function ended(row: Pick<Row, "state" | "verb">): string {
  const other = row.verb.startsWith("email.") ? undefined : words.stateOther[row.state];
  return other ?? words.state[row.state];
}

/** The sign in front of a row. */
export function sign(row: Pick<Row, "state" | "verb">): IconName {
  if (row.state === "in_doubt") return "doubt";
  if (row.state === "executing") return "leaving";
  return row.verb.startsWith("email.") ? "mail" : "other";
}
