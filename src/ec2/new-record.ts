// Owns the fields that every new record begins with.

import type { Base, Tags } from "../model/records.ts";
import type { Transaction } from "../model/snapshot.ts";
import type { Context } from "../wire/operation.ts";

/** What making records takes: the region, ids and the time. A call has them in its context. */
export interface Maker { readonly region: string; readonly now: Date; newId(prefix: string): string }

export const makerOf = (ctx: Context): Maker => ({ region: ctx.region, now: ctx.now(), newId: (prefix) => ctx.newId(prefix) });

export function newRecord(tx: Transaction, maker: Maker, prefix: string, tags: Tags = {}): Base {
  return { id: maker.newId(prefix), region: maker.region, index: tx.nextIndex(), tags, createdAt: maker.now.toISOString() };
}
