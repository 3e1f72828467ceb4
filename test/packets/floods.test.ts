// Owns the proof that one guest's flood costs the others nothing that is remembered: tracked flows have an allowance for each interface,
// first pieces a place for each. Root in a guest floods; who talked before goes on, who begins may.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import type { DesiredTables } from "../../src/datapath/tables.ts";
import { all, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame, type FrameSpec } from "../support/frames.ts";

const ALLOWANCE = 256, REDIRECT = 7, SYN = 2, RST = 4, ACK = 16;
let fabric: TestFabric;
let allPorts: Pick<DesiredTables, "ports" | "addresses">;
before(async () => {
  fabric = await TestFabric.open(1, { flowAllowance: ALLOWANCE, flowSets: 256 });
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  for (const port of [16, 17, 18]) await fabric.host(`h${port}`, { port, address: `10.0.0.${port}/24`, groups: [port === 17 ? 401 : 400] });
  fabric.group(400, [], [all]); // a client: what it hears is what it asked for
  fabric.group(401, [rule(TCP, 1, 65535, "10.0.0.0/24"), rule(UDP, 1, 65535, "10.0.0.0/24")], []); // a server that begins nothing
  fabric.apply();
  allPorts = { ports: fabric.tables.ports, addresses: fabric.tables.addresses };
});
after(() => fabric.close());

const packet = (from: number, to: number, more: Partial<FrameSpec>): Buffer => frame({ from: `10.0.0.${from}`, to: `10.0.0.${to}`, protocol: TCP, sourceMac: `02:00:00:00:00:${from.toString(16)}`, ...more });
const passes = (from: number, to: number, more: Partial<FrameSpec>): boolean => fabric.test(from, packet(from, to, more)).verdict === REDIRECT;
/** A connection; `lives` asks with a SYN|ACK of the server's, which only the memory of both ends lets through, and never the cache. */
const connects = (client: number, sport: number): boolean => passes(client, 17, { sport, dport: 80, flags: SYN }) && passes(17, client, { sport: 80, dport: sport, flags: SYN | ACK }) && passes(client, 17, { sport, dport: 80, flags: ACK });
const lives = (client: number, sport: number): boolean => passes(17, client, { sport: 80, dport: sport, flags: SYN | ACK });

test("a flood of SYNs pushes out no answered connection: not the others', not those of its target, not even its own; new ones begin", () => {
  assert.ok(connects(16, 1000) && connects(18, 1000));
  const syns = Array.from({ length: 8 * ALLOWANCE }, (_, i) => packet(16, 17, { sport: 2000 + i, dport: 1 + (i % 60_000), flags: SYN }));
  assert.ok(fabric.testEach(16, syns).every((run) => run.verdict === REDIRECT), "the flood itself is what the rules let through");
  assert.ok(fabric.datapath.flowCount() <= 2 * ALLOWANCE + 1, "it has its allowance, at its own end and at its target's");
  assert.ok(lives(16, 1000) && lives(18, 1000));
  assert.ok(connects(18, 1001) && lives(18, 1001), "and the target takes new ones");
  assert.ok(connects(16, 1001));
});

test("UDP to random ports, and protocols of any number, do no more", () => {
  fabric.testEach(16, Array.from({ length: 4 * ALLOWANCE }, (_, i) => packet(16, 17, { protocol: UDP, sport: 3000 + i, dport: 1 + i })));
  fabric.testEach(16, Array.from({ length: 1024 }, (_, i) => packet(16, 17, { protocol: [2, 47, 50, 132][i % 4]!, payload: Buffer.alloc(8) })));
  assert.ok(lives(18, 1000) && lives(16, 1000) && lives(18, 1001));
});

test("an allowance full of answered connections: no more begin there, with a reason; elsewhere they do; one that ends makes room", () => {
  let made = 0;
  while (made < 2 * ALLOWANCE && passes(16, 17, { sport: 20_000 + made, dport: 443, flags: SYN })) {
    assert.ok(passes(17, 16, { sport: 443, dport: 20_000 + made, flags: SYN | ACK }));
    made++;
  }
  assert.ok(made > ALLOWANCE / 2 && made <= ALLOWANCE, `${made} of an allowance of ${ALLOWANCE}`);
  assert.equal(fabric.drops(16, "TRACKING_FULL") + fabric.drops(17, "TRACKING_FULL"), 1);
  assert.ok(passes(17, 16, { sport: 443, dport: 20_000, flags: SYN | ACK }), "the first of them lives");
  assert.ok(lives(18, 1000));
  assert.equal(passes(18, 17, { sport: 1002, dport: 80, flags: SYN }), false, "the target's is full as well, as on AWS");
  for (let i = 0; i < made; i++) passes(16, 17, { sport: 20_000 + i, dport: 443, flags: RST | ACK });
  assert.ok(connects(18, 1003) && connects(16, 1004), "all of them are over");
});

test("an interface that goes takes its flows along, though they are many", () => {
  assert.ok(fabric.datapath.flowCount() > ALLOWANCE);
  fabric.tables.ports = fabric.tables.ports.filter((p) => p.port === 18);
  fabric.tables.addresses = fabric.tables.addresses.filter((a) => a.port === 18);
  fabric.apply();
  assert.ok(fabric.datapath.flowCount() < 16, `${fabric.datapath.flowCount()} of h18`);
});

test("a flood of first pieces pushes out its own: another's later piece still follows its first", () => {
  fabric.tables.ports = allPorts.ports;
  fabric.tables.addresses = allPorts.addresses;
  fabric.apply();
  const piece = (from: number, id: number, fragment: number): Buffer => packet(from, 17, { protocol: UDP, id, fragment, payload: Buffer.alloc(fragment === 0x2000 ? 16 : 24) });
  assert.equal(fabric.test(18, piece(18, 7, 0x2000)).verdict, REDIRECT);
  assert.ok(fabric.testEach(16, Array.from({ length: 20_000 }, (_, i) => piece(16, i, 0x2000))).every((run) => run.verdict === REDIRECT));
  assert.equal(fabric.test(18, piece(18, 7, 3)).verdict, REDIRECT);
  assert.equal(fabric.test(16, piece(16, 19_999, 3)).verdict, REDIRECT);
  assert.notEqual(fabric.test(16, piece(16, 7, 3)).verdict, REDIRECT, "its own oldest are gone");
});
