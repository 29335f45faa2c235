import { tick } from "svelte";
import { MediaQuery } from "svelte/reactivity";
import { clock } from "../clock.svelte";
import * as ipc from "../ipc";
import { plain } from "../text";
import type { Snapshot } from "../types/Snapshot";
import { words } from "../words";
import { ended } from "./states";

/** How soon a silent app is asked again, in ms. */
const AGAIN = 2000;

/** What the window knows and where it stands. The truth stays in the app: each change asks again. */
class Session {
  snapshot = $state.raw<Snapshot | null>(null);
  offline = $state(false);
  view = $state<ipc.View>("queue");
  /** What is open in the queue: a proposal or a pairing request. */
  open = $state<string | null>(null);
  /** What is open in the history. */
  past = $state<string | null>(null);
  /** The start page stands in front of the queue until the person goes on. */
  starting = $state(true);
  /** Rises with each change, for whatever has to ask again. */
  revision = $state(0);
  /** For the live region. */
  said = $state("");
  /** The window came to the front then, in `performance.now()`. */
  front = $state(0);

  readonly narrow = new MediaQuery("max-width: 719px", false);

  #asking = false;
  #again = false;
  #later: ReturnType<typeof setTimeout> | undefined;

  readonly ready = $derived(
    this.snapshot !== null && this.snapshot.passkeys > 0 && this.snapshot.agents > 0 && this.snapshot.practised,
  );
  readonly waiting = $derived(
    this.snapshot ? this.snapshot.queue.filter((row) => row.state === "pending").length : 0,
  );

  /** Starts to listen; the result stops it. */
  start(): () => void {
    const off: Promise<() => void>[] = [
      ipc.onChanged(() => void this.refresh()),
      ipc.onGo((place) => this.go(place)),
    ];
    const toFront = () => {
      this.front = performance.now();
      void this.refresh();
    };
    for (const stop of off) stop.catch(() => (this.offline = true));
    window.addEventListener("focus", toFront);
    this.front = performance.now();
    void this.#begin();
    return () => {
      window.removeEventListener("focus", toFront);
      clearTimeout(this.#later);
      for (const stop of off) void stop.then((f) => f(), () => undefined);
    };
  }

  /** Asks for the snapshot; calls that come meanwhile become one more. */
  async refresh(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    clearTimeout(this.#later);
    try {
      do {
        this.#again = false;
        this.#take(await ipc.snapshot());
        this.offline = false;
      } while (this.#again);
    } catch {
      this.lost();
    } finally {
      this.#asking = false;
    }
    this.revision += 1;
  }

  /** The app did not answer: says so, and asks again soon. */
  lost(): void {
    this.offline = true;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => void this.refresh(), AGAIN);
  }

  /** Goes where a tab, a link or a notification points to. */
  go(place: ipc.Place): void {
    this.view = place.view;
    if (place.view === "queue") {
      if (place.id !== null) this.open = place.id;
      else if (!this.#waits(this.open)) this.open = null;
      if (place.id !== null || (this.snapshot?.queue.length ?? 0) > 0) this.starting = false;
    }
    if (place.view === "history" && place.id !== null) this.past = place.id;
  }

  /** From the detail to the list, where both do not fit; an item that has ended is put away. */
  async back(): Promise<void> {
    const id = this.view === "history" ? this.past : this.open;
    if (this.view === "history" && this.narrow.current) this.past = null;
    if (this.view === "queue" && (this.narrow.current || !this.#waits(id))) this.open = null;
    await tick();
    if (id !== null && this.narrow.current) {
      document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
    }
  }

  say(text: string): void {
    this.said = text;
  }

  #waits(id: string | null): boolean {
    const all = [...(this.snapshot?.queue ?? []), ...(this.snapshot?.pairings ?? [])];
    return all.some((one) => one.id === id);
  }

  async #begin(): Promise<void> {
    const place = await ipc.initial().catch(() => null);
    if (place && (place.view !== "queue" || place.id !== null)) this.go(place);
    await this.refresh();
  }

  #take(next: Snapshot): void {
    const before = this.snapshot;
    clock.sync(next.now);
    this.snapshot = next;
    if (before) this.#announce(before, next);
  }

  #announce(before: Snapshot, next: Snapshot): void {
    const known = new Map(before.queue.map((row) => [row.id, row]));
    const fresh = next.queue.filter((row) => !known.has(row.id)).length;
    if (fresh > 0) this.say(words.say.arrived(fresh));
    for (const row of next.queue) {
      const old = known.get(row.id);
      if (old && old.state !== row.state) this.say(words.say.moved(plain(row.title), ended(row)));
    }
    for (const pairing of next.pairings) {
      if (!before.pairings.some((p) => p.id === pairing.id)) this.say(words.say.pairing(pairing.name));
    }
  }
}

export const session = new Session();
