// Owns the proof that a write is all or nothing, durable, and numbered.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DhcpOptions } from "../model/records.ts";
import { Store } from "./store.ts";

const record = (id: string, index: number, region = "us-east-1"): DhcpOptions => ({ id, region, index, tags: {}, createdAt: "2026-01-01T00:00:00.000Z", configurations: {} });

test("store: a write is one revision, survives closing, and lists in order of creation", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-store-"));
  t.after(() => rmSync(directory, { recursive: true }));
  let store = new Store(directory);
  const poked: number[] = [];
  store.onWrite((revision) => poked.push(revision));
  const first = store.write((tx) => { for (const id of ["dopt-b", "dopt-a"]) tx.put("dhcp-options", record(id, tx.nextIndex())); return 7; });
  assert.deepEqual([first.value, first.revision, first.changed], [7, 1, true]);
  const old = store.snapshot();
  const token = { region: "us-east-1", operation: "DeleteDhcpOptions", token: "tok", inputHash: "h", output: "{}" };
  store.write((tx) => tx.delete("dhcp-options", "dopt-b"), () => token);
  assert.equal(old.list("dhcp-options").length, 2, "a snapshot does not change");
  assert.equal(store.write(() => 1).changed, false);
  assert.deepEqual(poked, [1, 2]);
  store.close();
  store = new Store(directory);
  assert.deepEqual(store.snapshot().list("dhcp-options", "us-east-1").map((r) => [r.id, r.index]), [["dopt-a", 17]]);
  assert.deepEqual(store.snapshot().list("dhcp-options", "eu-west-1"), []);
  assert.equal(store.snapshot().revision, 2);
  assert.deepEqual(store.recall("us-east-1", "DeleteDhcpOptions", "tok"), { inputHash: "h", output: "{}" });
  assert.equal(store.write((tx) => tx.nextIndex()).value, 18, "indexes are not used again");
  store.close();
});

test("store: a write that throws leaves nothing behind", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-store-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new Store(directory);
  assert.throws(() => store.write((tx) => { tx.put("dhcp-options", record("dopt-a", tx.nextIndex())); throw new Error("no"); }), /no/);
  assert.equal(store.snapshot().list("dhcp-options").length, 0);
  assert.equal(store.snapshot().revision, 0);
  store.close();
});

test("store: kept answers are forgotten in their time", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-store-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new Store(directory);
  store.write((tx) => tx.put("dhcp-options", record("dopt-a", tx.nextIndex())), () => ({ region: "us-east-1", operation: "CreateDhcpOptions", token: "tok", inputHash: "h", output: "{}" }));
  store.forgetTokens(new Date(Date.now() - 60_000));
  assert.ok(store.recall("us-east-1", "CreateDhcpOptions", "tok"));
  store.forgetTokens(new Date(Date.now() + 1000));
  assert.equal(store.recall("us-east-1", "CreateDhcpOptions", "tok"), undefined);
  store.close();
});
