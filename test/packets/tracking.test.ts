// Owns scenes of connection tracking (EC2 user guide, "Security group connection tracking"), with clocks a hundred times faster.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { all, anywhere, ICMP, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame } from "../support/frames.ts";

let fabric: TestFabric;
const MAC_A = "02:00:00:00:00:10", REDIRECT = 7;

before(async () => {
  fabric = await TestFabric.open(100);
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  await fabric.host("a", { port: 16, address: "10.0.0.10/24", groups: [400] });
  await fabric.host("b", { port: 17, address: "10.0.0.11/24", groups: [401], timeouts: { udpStreamSeconds: 60, udpSeconds: 40 } });
});
after(() => fabric.close());
const set = (a: Parameters<TestFabric["group"]>[1], b: Parameters<TestFabric["group"]>[1], aOut = [all], bOut = [all]): void => {
  fabric.group(400, a, aOut);
  fabric.group(401, b, bOut);
  fabric.apply();
};

/** A connection that echoes lines; `between` happens while it stands. */
async function holds(port: number, between: () => void): Promise<boolean> {
  const server = fabric.tcpServer("b", port);
  const client = fabric.run("a", "timeout", "4", "bash", "-c", `exec 3<>/dev/tcp/10.0.0.11/${port}; read -r l <&3; echo one >&3; read -r l <&3; sleep 1; echo two >&3; read -r -t 2 l <&3; [ "$l" = two ]`);
  await sleep(600);
  between();
  const { status } = await client;
  server.close();
  return status === 0;
}

test("a tracked connection outlives its rule; another does not begin", async () => {
  set([], [rule(TCP, 8000, 8000, "10.0.0.0/24")]);
  assert.equal(await holds(8000, () => set([], [])), true);
  assert.equal(await fabric.connects("a", "10.0.0.11", 8000), false);
  assert.ok(fabric.drops(17, "GROUP_INGRESS") > 0);
});

test("an untracked one ends with its rule, though its server goes on sending", async () => {
  set([all], [rule(TCP, 8001, 8001, "0.0.0.0/0")]);
  const flows = fabric.datapath.flowCount();
  assert.equal(await holds(8001, () => { assert.equal(fabric.datapath.flowCount(), flows, "neither end remembers it"); set([all], []); }), false);
});

test("it is tracked again when either side's rule is narrower", async () => {
  set([], [rule(TCP, 8002, 8002, "0.0.0.0/0")], [all], [rule(TCP, 0, 65535, "10.0.0.0/8")]);
  assert.equal(await holds(8002, () => set([], [])), true);
  set([], [{ protocol: TCP, from: 8003, to: 8003, remote: anywhere }], [all], [rule(TCP, 1024, 65535, "0.0.0.0/0")]);
  assert.equal(await holds(8003, () => set([], [])), true);
});

test("ping is tracked whatever the rules", async () => {
  set([], [all]);
  const flows = fabric.datapath.flowCount();
  assert.equal(await fabric.pings("a", "10.0.0.11"), true);
  assert.ok(fabric.datapath.flowCount() > flows);
});

test("idle times are the interface's: UDP one way 40 s at b, answered 60 s", async () => {
  set([], [rule(UDP, 5000, 5001, "10.0.0.0/24")], [all], []);
  const [a, b, a2, b2] = [fabric.udp("a", 4000), fabric.udp("b", 5000), fabric.udp("a", 4001), fabric.udp("b", 5001)];
  a.send("one", "10.0.0.11", 5000);
  a2.send("one", "10.0.0.11", 5001);
  await b.next();
  await b2.next();
  await sleep(200); // 20 s
  b.send("answer", "10.0.0.10", 4000);
  assert.equal((await a.next())?.text, "answer");
  await sleep(300); // 30 s more: the first is answered, the second has been idle for 50
  b.send("answer", "10.0.0.10", 4000);
  assert.equal((await a.next())?.text, "answer", "answered at b: 60 s");
  b2.send("late", "10.0.0.10", 4001);
  assert.equal(await a2.next(200), undefined, "never answered: 40 s");
  await sleep(800); // 80 s
  b.send("late", "10.0.0.10", 4000);
  assert.equal(await a.next(200), undefined);
  assert.equal(fabric.drops(17, "GROUP_EGRESS"), 2);
});

test("an error about a flow that was let through passes with it; about none, by the rules", async () => {
  set([], [rule(UDP, 5002, 5002, "10.0.0.0/24")], [rule(UDP, 0, 65535, "10.0.0.0/24")], []);
  const refused = await fabric.run("a", "bash", "-c", "exec 3<>/dev/udp/10.0.0.11/5002; echo x >&3; sleep 0.1; echo x >&3 || exit 9; read -r -t 1 l <&3; exit $(( $? == 1 ? 9 : 0 ))");
  assert.equal(refused.status, 9, "port unreachable came back though no rule lets ICMP out of b or into a");
  const quote = frame({ from: "10.0.0.11", to: "10.0.0.10", sport: 6000, dport: 6001, sourceMac: MAC_A }).subarray(14, 42);
  const before = fabric.drops(16, "GROUP_EGRESS");
  assert.notEqual(fabric.test(16, frame({ from: "10.0.0.10", to: "10.0.0.11", protocol: ICMP, type: 3, code: 3, sport: 0, payload: quote, sourceMac: MAC_A })).verdict, REDIRECT);
  assert.equal(fabric.drops(16, "GROUP_EGRESS"), before + 1);
});

test("a thousand rules at one interface: sixty in each of sixteen groups and the last one decides", () => {
  const groups = Array.from({ length: 16 }, (_, i) => 600 + i);
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 17 ? { ...p, groups } : p));
  for (const group of groups) fabric.group(group, Array.from({ length: 63 }, (_, i) => rule(TCP, i + 1, i + 1, `172.16.${group - 600}.${i}/32`)));
  set([], []);
  const syn = () => fabric.test(16, frame({ from: "10.0.0.10", to: "10.0.0.11", protocol: TCP, flags: 2, sport: 999, dport: 443, sourceMac: MAC_A })).verdict;
  assert.notEqual(syn(), REDIRECT);
  fabric.group(615, [...Array.from({ length: 62 }, (_, i) => rule(TCP, i + 1, i + 1, `172.16.15.${i}/32`)), rule(TCP, 443, 443, "10.0.0.10/32")]);
  fabric.apply();
  assert.equal(syn(), REDIRECT);
});

test("other protocols by their numbers: GRE and ESP, known again by their addresses for 600 s", () => {
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 17 ? { ...p, groups: [401] } : p));
  const send = (port: number, protocol: number) => fabric.test(port, frame({ from: port === 16 ? "10.0.0.10" : "10.0.0.11", to: port === 16 ? "10.0.0.11" : "10.0.0.10", protocol, payload: Buffer.alloc(24), sourceMac: port === 16 ? MAC_A : "02:00:00:00:00:11" })).verdict;
  set([], [rule(47, 0, 65535, "10.0.0.0/24")], [all], []);
  assert.notEqual(send(17, 47), REDIRECT);
  assert.notEqual(send(16, 50), REDIRECT);
  assert.equal(send(16, 47), REDIRECT);
  assert.equal(send(17, 47), REDIRECT, "the answer");
});
