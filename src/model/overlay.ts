// Owns a snapshot as it would be if some records were otherwise: what the analyzer asks once a fault is taken as mended. Pure.

import type { Kind, Snapshot, Tables } from "./snapshot.ts";

/** One record in place of the one with its id, or beside the others. */
export type Change = { [K in Kind]: { readonly kind: K; readonly record: Tables[K] } }[Kind];

export function changed(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const byKind = new Map<Kind, Map<string, Tables[Kind]>>();
  for (const { kind, record } of changes) {
    if (!byKind.has(kind)) byKind.set(kind, new Map());
    byKind.get(kind)!.set(record.id, record);
  }
  const lists = new Map<string, readonly Tables[Kind][]>();
  const list = (kind: Kind, region: string | undefined): readonly Tables[Kind][] => {
    const own = byKind.get(kind);
    if (!own) return snapshot.list(kind, region);
    const before = snapshot.list(kind, region);
    const here = [...own.values()].filter((record) => region === undefined || record.region === region);
    const known = new Set(before.map((record) => record.id));
    return [...before.map((record) => own.get(record.id) ?? record), ...here.filter((record) => !known.has(record.id))];
  };
  return {
    revision: snapshot.revision,
    get: (kind, id) => (byKind.get(kind)?.get(id) ?? snapshot.get(kind, id)) as never,
    list: (kind, region) => {
      const key = `${kind} ${region ?? ""}`;
      if (!lists.has(key)) lists.set(key, list(kind, region));
      return lists.get(key) as never;
    },
  };
}
