import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Puts the made-up backend in the place of Tauri's IPC. For looking and for tests only. */
export const pretend = [
  { find: "@tauri-apps/api/core", replacement: here("src/dev/core.ts") },
  { find: "@tauri-apps/api/event", replacement: here("src/dev/event.ts") },
];
