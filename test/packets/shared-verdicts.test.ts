// Owns the proof that processors may share remembered verdicts: two of them send what stands in the same lines, each as fast as it can, so
// that every packet finds a line that the other is just writing. Each packet is handed over as it is when it goes alone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { readLinks } from "../../src/linux/link.ts";
import { must } from "../../src/lib/assert.ts";
import { all, route, TestFabric, UDP } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";
import type { Fate } from "./verdict-prober.ts";

const ROUNDS = 60_000, SENDERS = 24, RECEIVERS = [17, 18, 19, 20], REDIRECT = 7;
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

/** The line of its page in which a header stands, but for what all headers of one link and one pair of ports have in common (cache.bpf.h). */
function lineOf(from: string, to: string): number {
  const [source, destination] = [from, to].map((text) => Buffer.from(text.split(".").map(Number)).readUInt32LE(0)) as [number, number];
  return (Math.imul(source, 0x9e3779b1) ^ Math.imul(destination << 13 | destination >>> 19, 0x85ebca6b)) >>> 26;
}

test("two processors that write and read the same lines mistake no packet for another", { timeout: 120_000 }, async () => {
  const ends = [...RECEIVERS.map((port) => `10.0.0.${port}`), "192.0.2.80", "192.0.2.81"], byLine = new Map<number, Fate[]>();
  for (let i = 0; i < SENDERS; i++) for (const to of ends) {
    const from = `10.0.0.${100 + i}`, sent = frame({ from, to, protocol: UDP, sport: 7, dport: 7, sourceMac: "02:00:00:00:00:10" });
    const { verdict, packet } = fabric.test(16, sent), is = read(packet);
    assert.equal(verdict, REDIRECT);
    assert.deepEqual([is.from, is.to, is.good], [to.startsWith("10.") ? from : `203.0.113.${100 + i}`, to, true]);
    byLine.set(lineOf(from, to), [...byLine.get(lineOf(from, to)) ?? [], { frame: sent, becomes: packet }]);
  }
  const [most] = [...byLine.values()].sort((a, b) => b.length - a.length);
  assert.ok(most!.length >= 4);
  const work = { programFd: fabric.datapath.object.programFd("from_port"), netns: fabric.path("fabric"), ifindex: must(readLinks(fabric.path("fabric")).get("vb16"), "vb16"), rounds: ROUNDS };
  const twice = most!.slice(0, 4).flatMap((fate) => [fate, fate]); // the second of the same finds its line, unless the other processor was there
  const wrong = await Promise.all([twice, twice.toReversed()].map(async (fates) => {
    const worker = new Worker(new URL("verdict-prober.ts", import.meta.url), { workerData: { ...work, fates } });
    const [count] = await once(worker, "message") as [number];
    await worker.terminate();
    return count;
  }));
  assert.deepEqual(wrong, [0, 0]);
});
