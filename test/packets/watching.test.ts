// Owns scenes of what the program shows to whoever watches (watch.bpf.h): drops with their headers, frames of captured links, what found no room.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readLinks } from "../../src/linux/link.ts";
import { must } from "../../src/lib/assert.ts";
import { updateEntry } from "../../src/datapath/libbpf.ts";
import { Watch, type ShownDrop } from "../../src/datapath/watch.ts";
import { all, atOnce, route, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame, type FrameSpec } from "../support/frames.ts";

const MAC = "02:00:00:00:00:10", REDIRECT = 7, MOST_AT_ONCE = 64;
let fabric: TestFabric, watch: Watch, links: ReadonlyMap<string, number>;
before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.group(400, [all]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  for (const port of [16, 17, 18]) await fabric.host(`h${port}`, { port, address: `10.0.0.${port}/24` });
  fabric.apply();
  links = readLinks(fabric.path("fabric"));
  watch = new Watch(fabric.datapath.object);
});
after(async () => {
  watch.close();
  await fabric.close();
});

const good: FrameSpec = { from: "10.0.0.16", to: "10.0.0.17", protocol: UDP, sourceMac: MAC, payload: Buffer.alloc(300, 7) };
const linkOf = (port: number): number => must(links.get(`vb${port}`), `vb${port}`);
const withTag = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, 12), Buffer.from([0x81, 0, 0, 5]), bytes.subarray(12)]);

test("nobody watches, or somebody did a while ago: nothing is shown", () => {
  fabric.test(16, frame({ ...good, from: "192.0.2.1" }));
  const past = Buffer.alloc(16);
  past.writeBigUInt64LE(1n, 0);
  past.writeBigUInt64LE(1n, 8);
  updateEntry(fabric.datapath.object.mapFd(".data.watch"), Buffer.alloc(4), past);
  watch.capture(linkOf(16), 100);
  fabric.test(16, frame({ ...good, from: "192.0.2.1" }));
  assert.deepEqual(watch.drain(), { drops: [], frames: [] });
  watch.release(linkOf(16));
});

test("a drop is shown with its reason, its interface, the link it came in by and its first 160 bytes", () => {
  watch.keepOn(true, false);
  const bytes = frame({ ...good, from: "192.0.2.1" }), short = frame({ ...good, payload: Buffer.alloc(0), to: "10.1.0.1" });
  fabric.test(16, bytes);
  fabric.test(16, short);
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 17 ? { ...p, groups: [] } : p));
  fabric.apply();
  fabric.test(16, frame(good));
  const { drops, frames } = watch.drain();
  assert.deepEqual(frames, []);
  assert.deepEqual(drops.map((d) => [d.port, d.entry, d.reason, d.length]), [[16, linkOf(16), "SOURCE_CHECK", bytes.length], [16, linkOf(16), "NO_ROUTE", short.length], [17, linkOf(16), "GROUP_INGRESS", bytes.length]]);
  assert.ok(drops[0]!.bytes.equals(bytes.subarray(0, 160)) && drops[1]!.bytes.equals(short));
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 17 ? { ...p, groups: [400] } : p));
  fabric.apply();
});

test("a flood of one reason at one interface is shown in part, the rest is counted, and hides no other", () => {
  watch.lostDrops(); // at an interface of which no drop was shown just now
  const flood = Array.from({ length: 5000 }, () => frame({ ...good, from: "192.0.2.1", sourceMac: "02:00:00:00:00:11" })), drops: ShownDrop[] = [];
  const seen = (port: number, frames: readonly Uint8Array[]): void => { // a slow machine takes longer over all of them than watching goes on by itself, or than there is room for
    watch.keepOn(true, false);
    fabric.testEach(port, frames);
    drops.push(...watch.drain().drops);
  };
  for (let at = 0; at < flood.length; at += 250) seen(17, flood.slice(at, at + 250));
  seen(17, [frame({ ...good, from: "10.0.0.17", to: "10.1.0.1", sourceMac: "02:00:00:00:00:11" })]);
  seen(18, [frame({ ...good, from: "192.0.2.1", sourceMac: "02:00:00:00:00:12" })]);
  const of = (port: number, reason: string) => drops.filter((d) => d.port === port && d.reason === reason).length;
  const lost = watch.lostDrops().find((l) => l.port === 17 && l.reason === "SOURCE_CHECK")!.packets;
  assert.equal(of(17, "SOURCE_CHECK") + lost, flood.length);
  assert.ok(of(17, "SOURCE_CHECK") >= MOST_AT_ONCE && lost > 0, `${of(17, "SOURCE_CHECK")} shown, ${lost} lost`);
  assert.deepEqual([of(17, "NO_ROUTE"), of(18, "SOURCE_CHECK")], [1, 1]);
});

test("frames of a captured link, both ways, once each, as long as asked for; another's are not; a VLAN tag is where it was", async () => {
  watch.keepOn(false, true);
  watch.capture(linkOf(16), 100);
  const there = frame(good), back = frame({ ...good, from: "10.0.0.17", to: "10.0.0.16", sourceMac: "02:00:00:00:00:11" });
  const runs = await atOnce(() => [...fabric.testEach(16, [there, there]), ...fabric.testEach(17, [back, back])], () => watch.drain()); // by the stages, and by what is remembered of them
  assert.deepEqual(runs.map((one) => one.verdict), Array(4).fill(REDIRECT));
  fabric.test(18, frame({ ...good, from: "10.0.0.18", sourceMac: "02:00:00:00:00:12" }));
  fabric.test(16, withTag(there));
  const { frames, drops } = watch.drain();
  assert.deepEqual(drops, []);
  assert.deepEqual(frames.map((f) => [f.ifindex, f.way, f.length, f.bytes.length]), [...["sent", "sent", "received", "received"].map((way) => [linkOf(16), way, there.length, 100]), [linkOf(16), "sent", there.length + 4, 100]]);
  assert.ok(frames[0]!.bytes.equals(there.subarray(0, 100)) && frames[2]!.bytes.subarray(12).equals(back.subarray(12, 100)));
  watch.capture(linkOf(16), 65_535);
  const long = frame({ ...good, protocol: TCP, payload: Buffer.alloc(1400, 3) });
  fabric.test(16, long);
  assert.ok(watch.drain().frames[0]!.bytes.equals(long), "whole");
  watch.release(linkOf(16));
  fabric.test(16, long);
  assert.deepEqual(watch.drain().frames, []);
});

test("frames that find no room are counted as lost", () => {
  watch.capture(linkOf(16), 65_535);
  const many = Array.from({ length: 6000 }, () => frame({ ...good, payload: Buffer.alloc(1300) })); // more than 4 MiB
  for (let at = 0; at < many.length; at += 250) { // a slow machine takes longer over all of them than watching goes on by itself
    watch.keepOn(false, true);
    fabric.testEach(16, many.slice(at, at + 250));
  }
  assert.equal(watch.drain().frames.length + watch.lostFrames(linkOf(16)), many.length);
  assert.ok(watch.lostFrames(linkOf(16)) > 1000);
});
