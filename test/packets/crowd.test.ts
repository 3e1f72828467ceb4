// Owns the proof of what happens when the table of tracked flows is full as a whole: whoever has most in it makes room, of what was not
// answered; nobody else loses anything (flows.bpf.h, ADR 0011). The table is a thousand times smaller here.

import { after, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { readMap } from "../../src/datapath/libbpf.ts";
import { all, route, TCP, TestFabric } from "../support/fabric.ts";
import { frame, type FrameSpec } from "../support/frames.ts";

const MOST = 512, ALLOWANCE = 384, REDIRECT = 7, SYN = 2, ACK = 16, SERVER = 19;
const GREEDY = 16, MODEST = 17, SMALL = 18;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open(1, { flowAllowance: ALLOWANCE, flowsMost: MOST });
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  for (const port of [GREEDY, MODEST, SMALL, SERVER]) await fabric.host(`h${port}`, { port, address: `10.0.0.${port}/24`, groups: [port === SERVER ? 401 : 400] });
  fabric.group(400, [], [all]); // a client: what it hears is what it asked for, and is remembered
  fabric.group(401, [all], [all]); // remembers nothing
});
after(() => fabric.close());
/** Who has how many flows; each test begins with none. */
const flowsOf = (): Record<number, number> => [...readMap(fabric.datapath.object, "flows").keys()].reduce<Record<number, number>>((counts, key) => ({ ...counts, [key.charCodeAt(0)]: (counts[key.charCodeAt(0)] ?? 0) + 1 }), {});
beforeEach(() => fabric.forgetFlows());

const packet = (from: number, to: number, more: Partial<FrameSpec>): Buffer => frame({ from: `10.0.0.${from}`, to: `10.0.0.${to}`, protocol: TCP, sourceMac: `02:00:00:00:00:${from.toString(16)}`, ...more });
const count = (from: number, packets: Buffer[]): number => fabric.testEach(from, packets).filter((run) => run.verdict === REDIRECT).length;
const ports = (first: number, many: number): number[] => Array.from({ length: many }, (_, i) => first + i);
/** How many of these begin, by a SYN; are still known, by a SYN|ACK, which answers them. */
const begin = (client: number, first: number, many: number): number => count(client, ports(first, many).map((sport) => packet(client, SERVER, { sport, dport: 80, flags: SYN })));
const answer = (client: number, first: number, many: number): number => count(SERVER, ports(first, many).map((dport) => packet(SERVER, client, { sport: 80, dport, flags: SYN | ACK })));

test("a full table: whoever has most makes room, of what was not answered, for whoever begins", () => {
  assert.equal(begin(SMALL, 1000, 20), 20);
  assert.equal(begin(GREEDY, 1000, 300), 300);
  assert.equal(answer(GREEDY, 1000, 50), 50);
  assert.equal(begin(MODEST, 1000, MOST - 320), MOST - 320);
  assert.deepEqual(flowsOf(), { [SMALL]: 20, [GREEDY]: 300, [MODEST]: 192 }, "the table is full");
  assert.equal(begin(SMALL, 2000, 100), 100);
  assert.deepEqual(flowsOf(), { [SMALL]: 120, [GREEDY]: 200, [MODEST]: 192 });
  const [, ring] = [...readMap(fabric.datapath.object, "flow_rooms")].find(([key]) => key.charCodeAt(0) === SMALL)!;
  assert.equal(ring.charCodeAt(4), 120, "it has as many slots as flows: none was lost over making room");
  assert.equal(answer(GREEDY, 1000, 50), 50, "its answered ones stay");
  assert.equal(answer(SMALL, 1000, 20) + answer(SMALL, 2000, 100) + answer(MODEST, 1000, 192), 312, "and all of the others'");
});

test("when all of theirs is answered nobody else's answered flows go: it is TRACKING_FULL, until somebody with many begins one", () => {
  const full = fabric.drops(SMALL, "TRACKING_FULL");
  assert.equal(begin(SMALL, 1000, 20) + answer(SMALL, 1000, 20), 40);
  assert.equal(begin(GREEDY, 1000, 300) + answer(GREEDY, 1000, 300), 600);
  assert.equal(begin(MODEST, 1000, MOST - 320), MOST - 320);
  assert.equal(begin(SMALL, 2000, 1), 0);
  assert.equal(fabric.drops(SMALL, "TRACKING_FULL"), full + 1);
  assert.equal(begin(MODEST, 2000, 5), 5, "in place of its own");
  assert.equal(begin(SMALL, 3000, 20), 20);
  assert.deepEqual(flowsOf(), { [SMALL]: 40, [GREEDY]: 300, [MODEST]: 172 });
  assert.equal(answer(GREEDY, 1000, 300) + answer(SMALL, 1000, 20) + answer(SMALL, 3000, 20), 340);
});

test("a flood that has its whole allowance and goes on makes room for all the others", () => {
  assert.equal(begin(SMALL, 1000, MOST - ALLOWANCE), MOST - ALLOWANCE);
  assert.equal(answer(SMALL, 1000, 100), 100);
  for (let i = 0; i < 60; i++) {
    assert.equal(begin(GREEDY, 1000 + 20 * i, 20), 20);
    if (i >= 20) assert.equal(begin(SMALL, 2000 + 2 * i, 2) + answer(SMALL, 2000 + 2 * i, 2), 4);
  }
  assert.deepEqual(flowsOf(), { [SMALL]: MOST - ALLOWANCE + 80, [GREEDY]: ALLOWANCE - 80 });
  assert.equal(answer(SMALL, 1000, MOST - ALLOWANCE), MOST - ALLOWANCE, "though they were not answered before");
});
