/** Moves the focus in the list by one row, and opens it where both are on screen. */
export function move(by: 1 | -1, open: ((id: string) => void) | null): void {
  const rows = [...document.querySelectorAll<HTMLElement>("nav [data-id]")];
  if (rows.length === 0) return;
  const current = rows.findIndex((row) => row === document.activeElement);
  const from = current >= 0 ? current : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const to = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
  const row = rows[to];
  if (row === undefined) return;
  row.focus();
  row.scrollIntoView?.({ block: "nearest" });
  const id = row.dataset["id"];
  if (open && id !== undefined) open(id);
}
