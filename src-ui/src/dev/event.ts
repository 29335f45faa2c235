type Hear = (event: { payload: unknown }) => void;

const heard = new Map<string, Set<Hear>>();

export async function listen<T>(name: string, hear: (event: { payload: T }) => void): Promise<() => void> {
  const all = heard.get(name) ?? new Set();
  heard.set(name, all);
  all.add(hear as Hear);
  return () => all.delete(hear as Hear);
}

/** As if the app had sent it. */
export function tell(name: string, payload: unknown): void {
  for (const hear of heard.get(name) ?? []) hear({ payload });
}
