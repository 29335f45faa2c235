import type { Display } from "./types/Display";
import type { Shown } from "./types/Shown";

/** The text with marks written as `[U+202E]`, for labels and announcements. */
export function plain(shown: Shown): string {
  return shown.map((span) => (span.kind === "text" ? span.text : `[${span.code}]`)).join("");
}

/** How many characters in it cannot be seen. */
export function hiddenIn(shown: Shown): number {
  return shown.filter((span) => span.kind === "hidden").length;
}

/** The same for everything that is shown of a proposal. */
export function hiddenInDisplay(display: Display): number {
  let count = display.said ? hiddenIn(display.said.reason) : 0;
  for (const field of display.fields) {
    if (field.kind === "address") count += field.address.name ? hiddenIn(field.address.name) : 0;
    else if (field.kind === "attachment") count += hiddenIn(field.name);
    else count += hiddenIn(field.value);
  }
  return count;
}

/** Its lines, each for itself, so that each can have its own direction. */
export function lines(shown: Shown): Shown[] {
  const all: Shown[] = [[]];
  for (const span of shown) {
    if (span.kind === "hidden") {
      all.at(-1)?.push(span);
      continue;
    }
    span.text.split("\n").forEach((text, index) => {
      if (index > 0) all.push([]);
      if (text !== "") all.at(-1)?.push({ kind: "text", text });
    });
  }
  return all;
}

/** "2.4 MB" */
export function size(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1\u00a0byte" : `${bytes}\u00a0bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0${units[unit] ?? ""}`;
}

/** A hash in groups of eight. */
export function groups(hex: string): string[] {
  return hex.match(/.{1,8}/g) ?? [];
}
