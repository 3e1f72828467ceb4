// Owns the tests of tables: random writes give what a plain map gives, in the same order, by id and by region, at every revision.

import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { KeyPair } from "../model/records.ts";
import { RecordTable } from "./record-table.ts";

const record = (n: number, text: string): KeyPair => ({ id: `key-${n}`, region: n % 3 === 0 ? "eu-west-1" : "us-east-1", index: n, tags: {}, createdAt: "", name: text, keyType: "rsa", fingerprint: "", publicKey: "" });
const write = fc.record({ n: fc.nat(700), delete: fc.boolean(), text: fc.string({ maxLength: 3 }) });

test("a table after random writes is what a map would be, and what came before stays as it was", () => {
  fc.assert(fc.property(fc.array(fc.array(write, { maxLength: 80 }), { maxLength: 12 }), fc.nat(600), (commits, initial) => {
    const plain = new Map(Array.from({ length: initial }, (_, n) => [`key-${n}`, record(n, "first")]));
    let table = new RecordTable(new Map(plain));
    for (const commit of commits) {
      const before = [table, [...table.list(undefined)], [...table.list("eu-west-1")]] as const;
      const changes = new Map<string, KeyPair | undefined>();
      for (const one of commit) {
        const id = `key-${one.n}`, gone = one.delete || (!plain.has(id) && one.n < initial); // an id that was deleted is never used again
        if (gone) plain.delete(id); else plain.set(id, record(one.n, one.text));
        changes.set(id, plain.get(id));
      }
      table = table.with(changes).settled();
      const byId = (records: readonly { id: string }[]): string[] => records.map((r) => r.id).sort();
      assert.deepEqual(byId(table.list(undefined)), byId([...plain.values()]));
      for (const one of table.list(undefined)) assert.equal(one, plain.get(one.id));
      for (const region of ["eu-west-1", "us-east-1"]) assert.deepEqual(table.list(region), table.list(undefined).filter((r) => r.region === region));
      for (const id of changes.keys()) assert.equal(table.get(id), plain.get(id));
      assert.deepEqual([before[0].list(undefined), before[0].list("eu-west-1")], [before[1], before[2]]);
    }
  }), { numRuns: 60 });
});

test("records are listed in order of creation, changed ones at their place", () => {
  let table = new RecordTable(new Map([1, 2, 3].map((n) => [`key-${n}`, record(n, "a")])));
  for (const warm of [true, false]) {
    if (warm) table.list(undefined);
    table = table.with(new Map([["key-2", record(2, "b")], [`key-${warm ? 4 : 5}`, record(warm ? 4 : 5, "c")]]));
  }
  assert.deepEqual(table.list(undefined).map((r) => (r as KeyPair).id), ["key-1", "key-2", "key-3", "key-4", "key-5"]);
  assert.deepEqual(table.with(new Map([["key-1", undefined]])).list(undefined).map((r) => (r as KeyPair).id), ["key-2", "key-3", "key-4", "key-5"]);
});
