// Owns the proof that there is no moment in between: while rules are put in and taken out before one, it never misses a packet, and no entry
// that denies is ever away. Its lists are longer than a chunk of the kernel's, so that each edit moves rules from one to the next.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { must } from "../../src/lib/assert.ts";
import { readLinks } from "../../src/linux/link.ts";
import { entry, route, rule, TestFabric, UDP } from "../support/fabric.ts";
import type { Probe } from "./prober.ts";

const EDITS = 1000;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  await fabric.host("a", { port: 16, address: "10.0.0.10/24", groups: [400], subnet: 200 });
  await fabric.host("b", { port: 17, address: "10.0.1.11/24", groups: [401], subnet: 201, acl: 500 });
  fabric.group(400, []);
});
after(() => fabric.close());

test("rules and entries that are moved by others are never away", { timeout: 60_000 }, async (t) => {
  const filler = Array.from({ length: 63 }, (_, i) => rule(UDP, 20_000 + i, 20_000 + i, "10.9.0.0/16"));
  const fillerEntries = Array.from({ length: 62 }, (_, i) => entry(true, UDP, 20_000 + i, 20_000 + i, "10.9.0.0/16"));
  const set = (more: number): void => {
    fabric.group(401, [...Array.from({ length: more }, (_, i) => rule(UDP, 30_000 + i, 30_000 + i, "10.8.0.0/16")), ...filler, rule(UDP, 7000, 7001, "10.0.0.0/24")], []);
    fabric.acl(500, [...Array.from({ length: more }, (_, i) => entry(true, UDP, 30_000 + i, 30_000 + i, "10.8.0.0/16")), ...fillerEntries, entry(false, UDP, 7001, 7001, "10.0.0.0/24"), entry(true, -1, -1, -1, "0.0.0.0/0")], [entry(true, -1, -1, -1, "0.0.0.0/0")]);
    fabric.apply();
  };
  set(0);
  const probe = (dport: number): Probe => ({ from: "10.0.0.10", to: "10.0.1.11", dport, sourceMac: "02:00:00:00:00:10" });
  const shared = new SharedArrayBuffer(8), state = new Int32Array(shared);
  const worker = new Worker(new URL("prober.ts", import.meta.url), { workerData: { programFd: fabric.datapath.object.programFd("from_port"), netns: fabric.path("fabric"), ifindex: must(readLinks(fabric.path("fabric")).get("vb16"), "vb16"), probes: [probe(7000), probe(7001)], shared } });
  await once(worker, "online");
  let edits = 0;
  for (; edits < EDITS || (Atomics.load(state, 1) <= EDITS && edits < 50 * EDITS); edits++) { // a busy machine gives the prober its turns late
    set([1, 2, 1, 0][edits % 4]!); // one more, one less: as an API call does
    if (edits % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  Atomics.store(state, 0, 1);
  const [{ passed, dropped }] = await once(worker, "message") as [{ passed: number[]; dropped: number[] }];
  await worker.terminate();
  t.diagnostic(`${edits} edits, ${passed[0]} packets that pass and ${dropped[1]} that are stopped`);
  assert.deepEqual([dropped[0], passed[1]], [0, 0], "none of the first is dropped, none of the second passes");
  assert.ok(passed[0]! > EDITS, "it looked often enough");
});
