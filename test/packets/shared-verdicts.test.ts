// Owns the proof that processors may share remembered verdicts: two of them send what stands in the same lines, each as fast as it can, so
// that every packet finds a line that the other is just writing. Each packet is handed over as it is when it goes alone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { TestRuns } from "../../src/datapath/test-run.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { must } from "../../src/lib/assert.ts";
import { all, atOnce, linesWritten, route, TestFabric, UDP } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";
import type { Fate } from "./verdict-prober.ts";

const ROUNDS = 12_000, SENDERS = 24, RECEIVERS = [17, 18, 19], LINES = 4, REDIRECT = 7;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open(1, { lastingLines: LINES }); // so few that both processors write all of them
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

/** What is sent, and what becomes of it when it goes alone. */
function fate(i: number, to: string, sport = 7): Fate {
  const from = `10.0.0.${100 + i}`, sent = frame({ from, to, protocol: UDP, sport, dport: 7, sourceMac: "02:00:00:00:00:10" });
  const { verdict, packet } = fabric.test(16, sent), is = read(packet);
  assert.equal(verdict, REDIRECT);
  assert.deepEqual([is.from, is.to, is.good], [to.startsWith("10.") ? from : `203.0.113.${100 + i}`, to, true]);
  return { frame: sent, becomes: packet };
}
const linkOfSender = (): number => must(readLinks(fabric.path("fabric")).get("vb16"), "vb16");

/** The bucket of the header of UDP from a port to port 7 (hash_of_header and bucket_of of lines.bpf.h). */
function bucketOf(ifindex: number, from: string, to: string, sport: number): number {
  const [source, destination] = [from, to].map((text) => Buffer.from(text.split(".").map(Number)).readUInt32LE(0)) as [number, number];
  const [a, b] = [sport, 7].map((port) => Buffer.from([port >> 8, port & 255]).readUInt16LE(0)) as [number, number];
  const hash = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination << 13 | destination >>> 19, 0x85ebca6b) ^ Math.imul((a << 16 | b) + UDP + Math.imul(ifindex, 0x27d4eb2f), 0xc2b2ae35);
  return Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d) >>> 20;
}

test("as many headers as a bucket has room for do not drive each other out", async () => {
  const ifindex = linkOfSender(), to = "10.0.0.17", ports = Array.from({ length: 65_535 }, (_, i) => i + 1), bucket = bucketOf(ifindex, "10.0.0.100", to, 7);
  const fates = ports.filter((port) => bucketOf(ifindex, "10.0.0.100", to, port) === bucket).slice(0, 4).map((port) => fate(0, to, port));
  assert.equal(fates.length, 4);
  const runs = inNetns(fabric.path("fabric"), () => new TestRuns(fabric.datapath));
  let before = 0;
  await atOnce(() => {
    runs.forgetVerdicts();
    before = linesWritten(fabric);
    for (let i = 0; i < 10; i++) for (const { frame: sent, becomes } of fates) assert.deepEqual(fabric.test(16, sent).packet, becomes);
  }, () => {});
  assert.equal(linesWritten(fabric) - before, 4, "each was written once");
});

test("two processors that write and read the same lines mistake no packet for another", { timeout: 120_000 }, async () => {
  const ends = [...RECEIVERS.map((port) => `10.0.0.${port}`), "192.0.2.80"], work = { programFd: fabric.datapath.object.programFd("from_port"), netns: fabric.path("fabric"), ifindex: linkOfSender(), rounds: ROUNDS };
  const twice = Array.from({ length: 4 * LINES / ends.length }, (_, i) => ends.map((to) => fate(i, to))).flat().flatMap((one) => [one, one]); // the second of the same finds its line, unless the other processor was there
  const before = linesWritten(fabric);
  const wrong = await Promise.all([twice, twice.toReversed()].map(async (fates) => {
    const worker = new Worker(new URL("verdict-prober.ts", import.meta.url), { workerData: { ...work, fates } });
    const [count] = await once(worker, "message") as [number];
    await worker.terminate();
    return count;
  }));
  assert.deepEqual(wrong, [0, 0]);
  const written = linesWritten(fabric) - before, sent = 2 * ROUNDS * twice.length;
  assert.ok(written > sent / 10 && written < sent, `${written} lines were written for ${sent} packets: some found theirs, and many wrote`);
});
