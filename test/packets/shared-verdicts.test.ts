// Owns the proof that processors may share remembered verdicts: two of them send what stands in the same lines, each as fast as it can, so
// that every packet finds a line that the other is just writing. Each packet is handed over as it is when it goes alone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { readMap } from "../../src/datapath/libbpf.ts";
import { TestRuns } from "../../src/datapath/test-run.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { must } from "../../src/lib/assert.ts";
import { all, atOnce, route, TestFabric, UDP } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";
import type { Fate } from "./verdict-prober.ts";

const ROUNDS = 60_000, SENDERS = 24, RECEIVERS = [17, 18, 19, 20], REDIRECT = 7, LINE = 64;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" })];
  fabric.group(400, [all], [all]);
  await fabric.internet("192.0.2.80");
  await fabric.host("forwarder", { port: 16, address: "10.0.0.16/24", check: false, more: Array.from({ length: SENDERS }, (_, i) => `10.0.0.${100 + i}`) });
  for (const port of RECEIVERS) await fabric.host(`h${port}`, { port, address: `10.0.0.${port}/24` });
  for (let i = 0; i < SENDERS; i++) fabric.public(`203.0.113.${100 + i}`, `10.0.0.${100 + i}`, 16);
  fabric.apply();
});
after(() => fabric.close());

const PORT = Buffer.from([0, 7]).readUInt16LE(0);
/** The set of its page in which the lines of a header stand, from port 7 to port 7 by UDP (hash_of_header of cache.bpf.h). */
function setOf(ifindex: number, from: string, to: string): number {
  const [source, destination] = [from, to].map((text) => Buffer.from(text.split(".").map(Number)).readUInt32LE(0)) as [number, number];
  const hash = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination << 13 | destination >>> 19, 0x85ebca6b) ^ Math.imul((PORT << 16 | PORT) + UDP + Math.imul(ifindex, 0x27d4eb2f), 0xc2b2ae35);
  return Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d) >>> 27;
}

/** Frames whose lines stand in one set, and what becomes of each when it goes alone. */
function ofOneSet(ifindex: number): Fate[] {
  const ends = [...RECEIVERS.map((port) => `10.0.0.${port}`), "192.0.2.80", "192.0.2.81"], bySet = new Map<number, Fate[]>();
  for (let i = 0; i < SENDERS; i++) for (const to of ends) {
    const from = `10.0.0.${100 + i}`, sent = frame({ from, to, protocol: UDP, sport: 7, dport: 7, sourceMac: "02:00:00:00:00:10" });
    const { verdict, packet } = fabric.test(16, sent), is = read(packet);
    assert.equal(verdict, REDIRECT);
    assert.deepEqual([is.from, is.to, is.good], [to.startsWith("10.") ? from : `203.0.113.${100 + i}`, to, true]);
    const set = setOf(ifindex, from, to);
    bySet.set(set, [...bySet.get(set) ?? [], { frame: sent, becomes: packet }]);
  }
  const [most] = [...bySet.values()].sort((a, b) => b.length - a.length);
  assert.ok(most!.length >= 4);
  return most!;
}
const linkOfSender = (): number => must(readLinks(fabric.path("fabric")).get("vb16"), "vb16");

test("two headers whose lines fall on one place do not drive each other out", async () => {
  const [one, other] = ofOneSet(linkOfSender());
  const turns = (): number => [...readMap(fabric.datapath.object, "cache").values()].reduce((sum, set) => sum + Buffer.from(set, "latin1").readUInt32LE(LINE - 4) + Buffer.from(set, "latin1").readUInt32LE(2 * LINE - 4), 0);
  const runs = inNetns(fabric.path("fabric"), () => new TestRuns(fabric.datapath));
  let before = 0;
  await atOnce(() => {
    runs.forgetVerdicts();
    before = turns();
    for (let i = 0; i < 10; i++) for (const { frame: sent, becomes } of [one!, other!]) assert.deepEqual(fabric.test(16, sent).packet, becomes);
  }, () => {});
  assert.equal(turns() - before, 2 * 2, "each was written once");
});

test("two processors that write and read the same lines mistake no packet for another", { timeout: 120_000 }, async () => {
  const ifindex = linkOfSender(), work = { programFd: fabric.datapath.object.programFd("from_port"), netns: fabric.path("fabric"), ifindex, rounds: ROUNDS };
  const twice = ofOneSet(ifindex).slice(0, 4).flatMap((fate) => [fate, fate]); // the second of the same finds its line, unless the other processor was there
  const wrong = await Promise.all([twice, twice.toReversed()].map(async (fates) => {
    const worker = new Worker(new URL("verdict-prober.ts", import.meta.url), { workerData: { ...work, fates } });
    const [count] = await once(worker, "message") as [number];
    await worker.terminate();
    return count;
  }));
  assert.deepEqual(wrong, [0, 0]);
});
