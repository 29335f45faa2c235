import type { PageAnswer } from "../types/PageAnswer";
import type { PageReply } from "../types/PageReply";
import type { PageView } from "../types/PageView";
import type { Refusal } from "../types/Refusal";
import { words } from "../words";

/** What the app put into the page, or nothing if it was opened a second time. */
export function given(): PageView | null {
  try {
    const view: unknown = JSON.parse(document.getElementById("page")?.textContent ?? "");
    return typeof view === "object" && view !== null && "ask" in view ? (view as PageView) : null;
  } catch {
    return null;
  }
}

/** Hands the answer over; fails with a `Refusal`. */
export async function finish(answer: PageAnswer): Promise<PageReply> {
  let response: Response;
  let body: unknown;
  try {
    response = await post("/finish", answer);
    body = await response.json();
  } catch {
    throw unreachable();
  }
  if (response.ok) return body as PageReply;
  throw isRefusal(body) ? body : unreachable();
}

/** Tells the app that the tab goes away undecided. */
export function cancel(secret: string): void {
  void post("/cancel", { secret }).catch(() => undefined);
}

export function isRefusal(value: unknown): value is Refusal {
  return (
    typeof value === "object" && value !== null && "code" in value && "message" in value && "next" in value
  );
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
    keepalive: true,
    redirect: "error",
  });
}

function unreachable(): Refusal {
  return { code: "unreachable", message: words.page.unreachable, next: words.page.unreachableNext };
}
