type Press = () => void;

const bound: Record<string, Press>[] = [];

/** Binds keys while the component that calls it in an `$effect` is there. The latest wins. */
export function bind(keys: Record<string, Press>): () => void {
  bound.push(keys);
  return () => {
    bound.splice(bound.indexOf(keys), 1);
  };
}

/** Hears a key that no field wants. */
export function hear(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.repeat && !/^[jk]$/i.test(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") !== null) return;
  if (event.key !== "Escape" && isField(event.target)) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const press = bound.findLast((keys) => name in keys)?.[name];
  if (press === undefined) return;
  event.preventDefault();
  press();
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
