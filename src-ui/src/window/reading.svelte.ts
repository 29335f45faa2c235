const SETTLE = 600;
const SLACK = 4;

/** How far each content has been read in this window, by digest. */
const furthest = new Map<string, number>();

export type Extent = { top: number; height: number; full: number };

/** How far one content has been on screen. It only grows, and starts anew with other content. */
export class Reading {
  /** From 0 to 1. */
  share = $state(0);
  readonly done = $derived(this.share >= 1);

  readonly #digest: string;
  #short: ReturnType<typeof setTimeout> | undefined;

  constructor(digest: string) {
    this.#digest = digest;
    this.share = furthest.get(digest) ?? 0;
  }

  /** Tells what is on screen now. What fits without scrolling counts after a moment in view. */
  see({ top, height, full }: Extent): void {
    if (this.done || document.visibilityState === "hidden") return;
    if (full <= height + SLACK) {
      this.#short ??= setTimeout(() => {
        this.#short = undefined;
        this.#reach(1);
      }, SETTLE);
      return;
    }
    this.stop();
    const bottom = top + height;
    this.#reach(bottom >= full - SLACK ? 1 : Math.min(0.99, bottom / full));
  }

  /** Content left the screen before it counted. */
  stop(): void {
    clearTimeout(this.#short);
    this.#short = undefined;
  }

  #reach(share: number): void {
    if (share <= this.share) return;
    this.share = share;
    furthest.set(this.#digest, share);
  }
}

/** For tests: as after a restart. */
export function forgetReading(): void {
  furthest.clear();
}
