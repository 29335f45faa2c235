import { createSubscriber } from "svelte/reactivity";

/**
 * The app's time: its last snapshot plus what has passed here since. A wall clock that jumps
 * does not move it. Each pace ticks only while something on screen depends on it.
 */
class Clock {
  #ahead = $state(Date.now() - performance.now());
  readonly #seconds = pace(200);
  readonly #minutes = pace(10_000);

  /** Takes over the app's time. */
  sync(now: number): void {
    this.#ahead = now - performance.now();
  }

  /** The time, without a promise to tick. */
  get now(): number {
    return performance.now() + this.#ahead;
  }

  /** The time, often enough for a ring. */
  get fine(): number {
    this.#seconds();
    return this.now;
  }

  /** The time, often enough for ages. */
  get coarse(): number {
    this.#minutes();
    return this.now;
  }
}

function pace(every: number): () => void {
  return createSubscriber((tick) => {
    const timer = setInterval(tick, every);
    return () => clearInterval(timer);
  });
}

export const clock = new Clock();
