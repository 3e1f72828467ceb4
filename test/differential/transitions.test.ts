// Owns the proof that a plan and tables that remember the last edit end where fresh ones do: random networks, random edits one after the
// other, each compared with a plan of that state alone, and at the end with what the kernel holds.

import { test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { TableEncoder } from "../../src/datapath/codec.ts";
import { openDatapath, removePins } from "../../src/datapath/loader.ts";
import type { Kind, Snapshot, Tables } from "../../src/model/snapshot.ts";
import { createPlanner, planTables } from "../../src/plan/plan.ts";
import { caseOf, edited } from "./case.ts";
import { recordsOf } from "./records-of.ts";

const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:01:01" }, services: { name: "vbservices", innerMac: "02:00:00:00:01:02" } };
const numberOf = (link: string): number => (link.startsWith("vb") && /\d$/.test(link) ? 1000 + Number(link.slice(2)) : 999);

/** The snapshot with the records and lists of the one before that say the same, as the store has them. */
function after(before: Snapshot | undefined, now: Snapshot): Snapshot {
  const lists = new Map<Kind, readonly Tables[Kind][]>();
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const list = (kind: Kind): readonly Tables[Kind][] => {
    let made = lists.get(kind);
    if (!made) {
      const old = before?.list(kind) ?? [];
      made = now.list(kind).map((record) => old.find((o) => o.id === record.id && same(o, record)) ?? record);
      if (made.length === old.length && made.every((record, i) => record === old[i])) made = old;
      lists.set(kind, made);
    }
    return made;
  };
  return { revision: now.revision, list: (kind: Kind) => list(kind), get: (kind: Kind, id: string) => list(kind).find((record) => record.id === id) } as unknown as Snapshot;
}

test("transitions: random edits end in the tables of a fresh plan", { timeout: 120_000 }, () => {
  const pins = `/sys/fs/bpf/vpcbox/t-edits-${randomBytes(4).toString("hex")}`;
  const datapath = openDatapath(pins);
  let edits = 0, unchanged = 0;
  try {
    fc.assert(fc.property(caseOf(12), (one) => {
      const planner = createPlanner(own), encoder = new TableEncoder();
      let spec = one.network, snapshot: Snapshot | undefined;
      for (const edit of [undefined, ...one.phases.flatMap((phase) => phase.edits)]) {
        if (edit) spec = edited(spec, edit);
        const before = snapshot ? encoder.encode(planner.tables(snapshot), numberOf) : undefined;
        snapshot = after(snapshot, recordsOf(spec, 16).snapshot);
        const tables = planner.tables(snapshot), encoded = encoder.encode(tables, numberOf);
        assert.deepEqual(tables, planTables(snapshot, own));
        assert.deepEqual(encoded, new TableEncoder().encode(planTables(snapshot, own), numberOf));
        datapath.apply(tables, numberOf);
        edits++;
        if (before) unchanged += Object.keys(encoded).filter((name) => encoded[name as keyof typeof encoded] === before[name as keyof typeof before]).length;
      }
      datapath.forget();
      assert.deepEqual(datapath.apply(planTables(snapshot!, own), numberOf), { added: 0, updated: 0, removed: 0 }, "the kernel holds it");
    }), { numRuns: 100, endOnFailure: true });
    assert.ok(unchanged > edits, "most of an edit's tables are the ones before");
  } finally {
    datapath.close();
    removePins(pins);
  }
});

test("transitions: what others changed in the kernel is mended once nothing is trusted", () => {
  const pins = `/sys/fs/bpf/vpcbox/t-edits-${randomBytes(4).toString("hex")}`;
  const datapath = openDatapath(pins), other = openDatapath(pins);
  const tables = planTables(recordsOf(fc.sample(caseOf(12), { numRuns: 1, seed: 7 })[0]!.network, 16).snapshot, own);
  try {
    const first = datapath.apply(tables, numberOf);
    assert.ok(first.added > 0);
    other.apply({ ...tables, ports: [] }, numberOf);
    assert.deepEqual(datapath.apply(tables, numberOf), { added: 0, updated: 0, removed: 0 });
    datapath.forget();
    assert.ok(datapath.apply(tables, numberOf).added > 0);
  } finally {
    other.close();
    datapath.close();
    removePins(pins);
  }
});
