import { untrack } from "svelte";
import { asRefusal, item as ask } from "../ipc";
import type { Item } from "../types/Item";
import type { Refusal } from "../types/Refusal";
import { session } from "./session.svelte";

/** The item that is open, asked for anew with each change. Must be made while a component starts. */
export class Opened {
  item = $state.raw<Item | null>(null);
  refusal = $state.raw<Refusal | null>(null);

  constructor(id: () => string | null) {
    $effect(() => {
      const wanted = id();
      void session.revision;
      let stale = false;
      untrack(() => {
        if (this.item && this.item.row.id !== wanted) this.item = null;
      });
      if (wanted === null) {
        this.refusal = null;
        return;
      }
      ask(wanted).then(
        (item) => {
          if (stale) return;
          this.item = item;
          this.refusal = null;
        },
        (error: unknown) => {
          if (stale) return;
          this.refusal = asRefusal(error);
          if (this.refusal.code === "offline") session.lost();
          else this.item = null;
        },
      );
      return () => {
        stale = true;
      };
    });
  }
}
