// Owns the proof that one guest's flood through a NAT gateway keeps nobody else from beginning: not another gateway's guests, not another
// guest of the same. And that what was counted at an interface goes with it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readEntries } from "../../src/datapath/libbpf.ts";
import { all, route, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame, read, type FrameSpec } from "../support/frames.ts";

const MOST = 8192, FREE = MOST / 4 * 3, FEW = MOST / 1024, REDIRECT = 7, SYN = 2, RST = 4, ACK = 16, ONE = 50, OTHER = 51;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open(1, { natMost: MOST });
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [all], [all]);
  fabric.tables.routes = [route(300, "0.0.0.0/0", { kind: "port", port: ONE }), route(301, "10.0.0.0/16", { kind: "local" }), route(301, "0.0.0.0/0", { kind: "internet" }), route(302, "0.0.0.0/0", { kind: "port", port: OTHER })];
  for (const [port, table] of [[16, 300], [17, 300], [18, 302]] as const) await fabric.host(`h${port}`, { port, address: `10.0.${port}.10/24`, subnet: 200 + port, table });
  await fabric.internet("192.0.2.80");
  for (const [port, address] of [[ONE, "10.0.0.5"], [OTHER, "10.0.0.6"]] as const) {
    fabric.nat(port, "public", [address], { subnet: 200, table: 301 });
    fabric.public(`203.0.113.${port}`, address, port);
  }
  fabric.apply();
});
after(() => fabric.close());

const packet = (from: number, more: Partial<FrameSpec>): Buffer => frame({ from: `10.0.${from}.10`, to: "192.0.2.80", sourceMac: `02:00:00:00:00:${from.toString(16)}`, ...more });
const passed = (from: number, packets: Partial<FrameSpec>[]): number => fabric.testEach(from, packets.map((more) => packet(from, more))).filter((run) => run.verdict === REDIRECT).length;
const few = (count: number): Partial<FrameSpec>[] => Array.from({ length: count }, (_, i) => ({ protocol: UDP, sport: 5000 + i, dport: 53 }));
/** Connections at gateways by the interface that began them; 0: of all. */
const users = (): Map<number, number> => new Map([...readEntries(fabric.datapath.object.mapFd("nat_users"), 4, 8)].map(([key, value]) => [Buffer.from(key, "latin1").readUInt32LE(0), Number(Buffer.from(value, "latin1").readBigInt64LE(0))]));

test("a flood gets three quarters of the room; others begin by the same gateway and by another, and an answered connection lives", () => {
  const out = read(fabric.test(17, packet(17, { protocol: TCP, sport: 7777, dport: 80, flags: SYN })).packet);
  const answer = (): number => fabric.test(1, frame({ from: "192.0.2.80", to: out.from, protocol: TCP, sport: 80, dport: out.sport, flags: SYN | ACK, sourceMac: "02:00:00:00:00:01" })).verdict;
  assert.equal(answer(), REDIRECT);
  const flood = Array.from({ length: MOST + 2000 }, (_, i) => ({ protocol: TCP, sport: 1 + i, dport: 1 + (i % 5), flags: SYN }));
  assert.equal(passed(16, flood), FREE - 1);
  assert.equal(fabric.drops(ONE, "NAT_PORTS"), flood.length - FREE + 1, "ErrorPortAllocation for the rest");
  assert.equal(answer(), REDIRECT);
  assert.equal(passed(17, few(FEW)), FEW - 1, "another guest of the same gateway, which has one already");
  assert.equal(passed(18, few(FEW + 3)), FEW, "a guest of the other: a few, while the flood lasts");
  assert.deepEqual([...users()].sort((a, b) => a[0] - b[0]), [[0, FREE - 1 + FEW + FEW], [16, FREE - 1], [17, FEW], [18, FEW]]);
  passed(16, flood.slice(0, FREE - 1).map((one) => ({ ...one, flags: RST })));
  assert.deepEqual([...users()].sort((a, b) => a[0] - b[0]), [[0, FEW + FEW], [16, 0], [17, FEW], [18, FEW]], "what ends makes room");
  assert.equal(passed(18, few(FEW + 3)), FEW + 3);
});

test("counters of an interface that is unplugged stay, of one that is deleted they go; so with a gateway's metrics", () => {
  const counted = (port: number): number[] => [fabric.datapath.drops().filter((d) => d.port === port).length, fabric.datapath.natMetrics().filter((m) => m.port === port).length, users().has(port) ? 1 : 0];
  assert.notEqual(fabric.test(16, packet(16, { from: "192.0.2.80" })).verdict, REDIRECT);
  passed(18, few(1));
  assert.deepEqual([counted(16), counted(ONE)], [[1, 0, 1], [1, 1, 0]]);
  fabric.tables.counted = [16, 17, 18, ONE, OTHER];
  fabric.tables.ports = fabric.tables.ports.filter((p) => p.port !== 16 && p.port !== ONE);
  fabric.tables.nats = fabric.tables.nats.filter((n) => n.port !== ONE);
  fabric.apply();
  assert.deepEqual([counted(16), counted(ONE)], [[1, 0, 1], [1, 1, 0]], "stopped: unplugged");
  fabric.tables.counted = [17, 18, OTHER];
  fabric.apply();
  assert.deepEqual([counted(16), counted(ONE)], [[0, 0, 0], [0, 0, 0]]);
  assert.deepEqual(counted(18), [0, 0, 1], "others' stay");
  fabric.tables.counted = undefined;
  fabric.tables.ports = fabric.tables.ports.filter((p) => p.port !== 18);
  fabric.apply();
  assert.deepEqual(counted(18), [0, 0, 1], "but for what it has at a gateway, until that ends");
});
