import { asRefusal } from "../ipc";
import type { Refusal } from "../types/Refusal";

/** One command at a time, and what it was refused with. */
export class Attempt {
  busy = $state(false);
  refusal = $state.raw<Refusal | null>(null);

  /** Runs it unless one runs already; tells whether it went well. */
  async run(command: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = null;
    try {
      await command();
      return true;
    } catch (error) {
      this.refusal = asRefusal(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  forget(): void {
    this.refusal = null;
  }
}
