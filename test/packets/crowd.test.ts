// Owns the proof of what happens when the table of tracked flows is full where a flow would stand: whoever has most makes room, of what was
// not answered; nobody else loses anything (tracking.bpf.h, ADR 0017). The table has one set here, of fifteen flows; or few, under a flood; or many.

import { after, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { readMap } from "../../src/datapath/libbpf.ts";
import { all, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame, type FrameSpec } from "../support/frames.ts";

const REDIRECT = 7, SYN = 2, RST = 4, ACK = 16, SERVER = 19, GUARDED = 20, ALLOWANCE = 96, LARGE = 1024, IN_AN_EIGHTH = 2 * LARGE / 8; // ports, two to a set
const GREEDY = 16, MODEST = 17, SMALL = 18;
const many = Array.from({ length: 100 }, (_, i) => `10.0.1.${i + 1}`);
let one: TestFabric, few: TestFabric, large: TestFabric, fabric: TestFabric;
before(async () => {
  const open = async (flowSets: number, flowAllowance = ALLOWANCE): Promise<TestFabric> => {
    const made = await TestFabric.open(1, { flowAllowance, flowSets });
    made.vpc(100, ["10.0.0.0/16"]);
    made.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
    for (const port of [GREEDY, MODEST, SMALL, SERVER]) await made.host(`h${port}`, { port, address: `10.0.0.${port}/16`, groups: [port === SERVER ? 401 : 400], more: port === SMALL ? many : [] });
    made.group(400, [], [all]); // a client: what it hears is what it asked for, and is remembered
    made.group(401, [all], [all]); // remembers nothing
    await made.host(`h${GUARDED}`, { port: GUARDED, address: `10.0.0.${GUARDED}/16`, groups: [402] });
    made.group(402, [rule(TCP, 80, 80, "10.0.0.0/16")], []); // a server that remembers
    return made;
  };
  [one, few, large] = [await open(1), await open(32), await open(LARGE, IN_AN_EIGHTH)];
});
after(() => { one.close(); few.close(); large.close(); });
beforeEach(() => { fabric = one; for (const f of [one, few, large]) f.forgetFlows(); });

/** Who has how many flows: by their places, which is what their accounts say. */
function flowsOf(): Record<number, number> {
  const users = new Map([...readMap(fabric.datapath.object, "flow_users")].map(([key, value]) => { const user = Buffer.from(value, "latin1"); return [key.charCodeAt(0), { used: user.readInt32LE(0), epoch: user.readUInt32LE(8) }] as const; }));
  const counts = new Map([...users.keys()].map((port) => [port, 0]));
  for (const text of readMap(fabric.datapath.object, "flows").values()) {
    const set = Buffer.from(text, "latin1");
    for (let at = 32; at < set.length; at += 32) {
      const port = set.readUInt32LE(at + 4);
      if ((set.readUInt32LE(at) & 32) && users.get(port)?.epoch === set.readUInt32LE(at + 20) >>> 8) counts.set(port, counts.get(port)! + 1);
    }
  }
  assert.deepEqual(new Map([...users].map(([port, { used }]) => [port, used])), counts);
  return Object.fromEntries([...counts].filter(([, n]) => n > 0));
}

const packet = (from: number, to: number, more: Partial<FrameSpec>): Buffer => frame({ from: `10.0.0.${from}`, to: `10.0.0.${to}`, protocol: TCP, sourceMac: `02:00:00:00:00:${from.toString(16)}`, ...more });
const count = (from: number, packets: Buffer[]): number => fabric.testEach(from, packets).filter((run) => run.verdict === REDIRECT).length;
const ports = (first: number, many: number): number[] => Array.from({ length: many }, (_, i) => first + i);
/** How many of these begin, by a SYN; are still known, by a SYN|ACK, which answers them; are reset. */
const begin = (client: number, first: number, many: number): number => count(client, ports(first, many).map((sport) => packet(client, SERVER, { sport, dport: 80, flags: SYN })));
const answer = (client: number, first: number, many: number): number => count(SERVER, ports(first, many).map((dport) => packet(SERVER, client, { sport: 80, dport, flags: SYN | ACK })));
const reset = (client: number, first: number, many: number): number => count(client, ports(first, many).map((sport) => packet(client, SERVER, { sport, dport: 80, flags: RST | ACK })));

test("where all of it is full: whoever has most makes room, of what was not answered, for whoever begins", () => {
  assert.equal(begin(SMALL, 1000, 2), 2);
  assert.equal(begin(GREEDY, 1000, 8), 8);
  assert.equal(answer(GREEDY, 1000, 3), 3);
  assert.equal(begin(MODEST, 1000, 5), 5);
  assert.deepEqual(flowsOf(), { [SMALL]: 2, [GREEDY]: 8, [MODEST]: 5 }, "fifteen");
  assert.equal(begin(SMALL, 2000, 2), 2);
  assert.deepEqual(flowsOf(), { [SMALL]: 4, [GREEDY]: 6, [MODEST]: 5 });
  assert.equal(answer(GREEDY, 1000, 3), 3, "its answered ones stay");
  assert.equal(answer(SMALL, 1000, 2) + answer(SMALL, 2000, 2) + answer(MODEST, 1000, 5), 9, "and all of the others'");
});

test("answered flows are nobody's room, nor those of who has fewer: it is TRACKING_FULL, until one ends", () => {
  const full = (): number => fabric.drops(SMALL, "TRACKING_FULL") + fabric.drops(GREEDY, "TRACKING_FULL"), before = full();
  assert.equal(begin(SMALL, 1000, 2) + answer(SMALL, 1000, 2), 4);
  assert.equal(begin(GREEDY, 1000, 9) + answer(GREEDY, 1000, 9), 18);
  assert.equal(begin(MODEST, 1000, 4), 4);
  assert.equal(begin(GREEDY, 2000, 1), 0, "who has fewer keeps what was not answered, too");
  assert.equal(answer(MODEST, 1000, 4), 4);
  assert.equal(begin(SMALL, 2000, 1), 0);
  assert.equal(full(), before + 2);
  assert.equal(reset(GREEDY, 1003, 1), 1);
  assert.equal(begin(SMALL, 3000, 1), 1);
  assert.deepEqual(flowsOf(), { [SMALL]: 3, [GREEDY]: 8, [MODEST]: 4 });
  assert.equal(answer(GREEDY, 1000, 3) + answer(GREEDY, 1004, 5) + answer(MODEST, 1000, 4) + answer(SMALL, 1000, 2) + answer(SMALL, 3000, 1), 15);
});

test("one end of a connection makes no room for the other: it does not begin, and that has a reason", () => {
  const full = (): number => fabric.drops(GUARDED, "TRACKING_FULL"), before = full();
  assert.equal(begin(GREEDY, 1000, 14) + answer(GREEDY, 1000, 14), 28);
  const syn = packet(GREEDY, GUARDED, { sport: 2000, dport: 80, flags: SYN });
  assert.equal(count(GREEDY, [syn]), 0);
  assert.equal(full(), before + 1);
  assert.equal(reset(GREEDY, 1000, 1), 1);
  assert.equal(count(GREEDY, [syn]), 1);
  assert.equal(count(GUARDED, [packet(GUARDED, GREEDY, { sport: 80, dport: 2000, flags: SYN | ACK })]), 1);
});

test("flows of an interface that is gone are nobody's: they make room, and are not known when it comes again", () => {
  assert.equal(begin(GREEDY, 1000, 15) + answer(GREEDY, 1000, 15), 30);
  assert.equal(begin(SMALL, 1000, 1), 0);
  fabric.forgetFlows();
  assert.equal(answer(GREEDY, 1000, 15), 0);
  assert.equal(begin(SMALL, 1000, 15) + answer(SMALL, 1000, 15), 30);
});

test("a flood that has its whole allowance and goes on makes room of its own, and for all the others", () => {
  fabric = few;
  assert.equal(begin(SMALL, 1000, 40), 40);
  for (let i = 0; i < 60; i++) {
    assert.equal(begin(GREEDY, 1000 + 20 * i, 20), 20);
    assert.equal(begin(MODEST, 2000 + i, 1) + answer(MODEST, 2000 + i, 1), 2);
  }
  assert.deepEqual(flowsOf(), { [SMALL]: 40, [GREEDY]: ALLOWANCE, [MODEST]: 60 });
  assert.equal(answer(SMALL, 1000, 40) + answer(MODEST, 2000, 60), 100, "though the first were not answered before");
});

test("who has a full allowance begins in the place of what it closed there; nothing else makes room", () => {
  fabric = few;
  const [closed, again] = [1040, 1040 + 2 * 32 * 3]; // one set
  assert.equal(begin(MODEST, closed, 1) + reset(MODEST, closed, 1), 2, "another's, in an earlier place of that set");
  assert.equal(begin(GREEDY, 1000, ALLOWANCE) + answer(GREEDY, 1000, ALLOWANCE), 2 * ALLOWANCE);
  assert.equal(begin(GREEDY, again, 1), 0);
  assert.equal(reset(GREEDY, closed, 1), 1);
  assert.equal(begin(GREEDY, again, 1), 1);
  assert.deepEqual(flowsOf(), { [GREEDY]: ALLOWANCE, [MODEST]: 1 });
  assert.equal(answer(GREEDY, 1000, closed - 1000) + answer(GREEDY, closed + 1, ALLOWANCE - 1 - (closed - 1000)) + answer(GREEDY, again, 1), ALLOWANCE);
});

test("what a full allowance gives up is found, though all of it lies in a row, in an eighth of the table", () => {
  fabric = large;
  assert.equal(begin(GREEDY, 1000, IN_AN_EIGHTH), IN_AN_EIGHTH);
  assert.equal(begin(GREEDY, 2000, 2 * IN_AN_EIGHTH), 2 * IN_AN_EIGHTH);
  assert.deepEqual(flowsOf(), { [GREEDY]: IN_AN_EIGHTH });
});

test("flows of the same two ports are as many as others", () => {
  fabric = few;
  const ike = (to: boolean, address: string): Partial<FrameSpec> => ({ ...(to ? { to: address } : { from: address }), protocol: UDP, sport: 500, dport: 500 });
  const some = many.slice(0, ALLOWANCE - 16);
  assert.equal(count(SMALL, some.map((address) => packet(SMALL, SERVER, ike(false, address)))), some.length);
  assert.equal(count(SERVER, some.map((address) => packet(SERVER, SMALL, ike(true, address)))), some.length, "each is known");
  assert.equal(count(SERVER, many.slice(-4).map((address) => packet(SERVER, SMALL, ike(true, address)))), 0, "and no other");
});
