// Owns scenes of what begins a TCP connection and answers to it: decided once for all connections to a port (cache.bpf.h), and never so
// where one of them is not like the others. The program runs packet after packet, within the time that such a verdict holds.

import { after, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { all, atOnce, entry, linesWritten, route, rule, TCP, TestFabric } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";

const DROP = 2, REDIRECT = 7, FIN = 1, SYN = 2, RST = 4, ACK = 16;
const A = 16, B = 17, CLIENT = "10.0.0.10", SERVER = "10.0.1.10", PUBLIC = "203.0.113.10", OUTSIDE = "192.0.2.80", OUTSIDE_MAC = "02:00:00:00:00:01";
let fabric: TestFabric;

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" })];
  await fabric.internet(OUTSIDE);
  await fabric.host("a", { port: A, address: `${CLIENT}/24`, subnet: 200, groups: [400] });
  await fabric.host("b", { port: B, address: `${SERVER}/24`, subnet: 201, groups: [401] });
  fabric.public(PUBLIC, CLIENT, A);
});
after(() => fabric.close());
beforeEach(() => {
  aclOfClient(0); // none: everything passes
  fabric.group(400, [], [rule(TCP, 80, 80, "0.0.0.0/0")]);
  fabric.group(401, [rule(TCP, 80, 80, "10.0.0.0/8")], []);
  fabric.apply();
});

function aclOfClient(networkAcl: number): void {
  fabric.tables.ports = fabric.tables.ports.map((port) => (port.port === A ? { ...port, networkAcl } : port));
}
const sent = (flags: number, port: number, to = SERVER): ReturnType<TestFabric["test"]> => fabric.test(A, frame({ from: CLIENT, to, protocol: TCP, sport: port, dport: 80, flags, sourceMac: "02:00:00:00:00:10" }));
const answered = (flags: number, port: number): number => fabric.test(B, frame({ from: SERVER, to: CLIENT, protocol: TCP, sport: 80, dport: port, flags, sourceMac: "02:00:00:00:00:11" })).verdict;
const verdict = (flags: number, port: number): number => sent(flags, port).verdict;

test("each connection has a flow at both ends, whichever decided about its first packet", () => {
  const flows = fabric.datapath.flowCount();
  for (let port = 40000; port < 40010; port++) assert.deepEqual([verdict(SYN, port), answered(SYN | ACK, port), verdict(ACK, port)], [REDIRECT, REDIRECT, REDIRECT]);
  assert.equal(fabric.datapath.flowCount(), flows + 20);
  for (const flags of [RST, FIN | ACK]) assert.equal(answered(flags, 40009), REDIRECT, "it knows its flow");
});

test("a connection that lives longer than its first verdict has a line that lasts, and not a new one for each packet", async () => {
  for (const port of [40100, 40101]) assert.deepEqual([verdict(SYN, port), answered(SYN | ACK, port), verdict(ACK, port)], [REDIRECT, REDIRECT, REDIRECT]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const written = await atOnce(() => {
    const before = linesWritten(fabric);
    for (let i = 0; i < 10; i++) assert.equal(verdict(ACK, 40101), REDIRECT);
    return linesWritten(fabric) - before;
  }, () => new Promise((resolve) => setTimeout(resolve, 150)));
  assert.equal(written, 1);
});

test("an answer that nobody asked for is stopped, right after one that somebody did", () => {
  assert.deepEqual([verdict(SYN, 41000), answered(SYN | ACK, 41000), answered(SYN | ACK, 41001)], [REDIRECT, REDIRECT, DROP]);
  assert.equal(fabric.drops(B, "GROUP_EGRESS"), 1);
});

test("an ACL that denies the answers to some ports denies them to these, right after others passed", async () => {
  fabric.acl(500, [entry(true, TCP, 42000, 42099, "0.0.0.0/0")], [entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  aclOfClient(500);
  fabric.apply();
  assert.deepEqual([verdict(SYN, 42000), verdict(SYN, 42100)], [REDIRECT, REDIRECT]);
  assert.deepEqual(await atOnce(() => [answered(SYN | ACK, 42000), answered(SYN | ACK, 42100)], () => {}), [REDIRECT, DROP]);
  assert.ok(fabric.drops(A, "ACL_INGRESS") > 0);
});

test("a rule's removal stops the next connection; one that stands may send its SYN again, and speaks for no other", () => {
  assert.deepEqual([verdict(SYN, 43000), verdict(SYN, 43001)], [REDIRECT, REDIRECT]);
  fabric.group(400, [], []);
  fabric.apply();
  assert.deepEqual([verdict(SYN, 43000), verdict(SYN, 43002), verdict(SYN, 43001), verdict(SYN, 43003)], [REDIRECT, DROP, REDIRECT, DROP]);
});

test("a connection from a port that the client's own rules open is not tracked, right after one that is", () => {
  fabric.group(400, [rule(TCP, 44000, 44000, "0.0.0.0/0")], [all]);
  fabric.apply();
  const flows = fabric.datapath.flowCount();
  for (const port of [44001, 44000, 44002]) assert.equal(verdict(SYN, port), REDIRECT);
  assert.equal(fabric.datapath.flowCount(), flows + 5, "two flows of two connections, and one at the server's end of the third");
});

test("a closed connection's ports begin anew, with flows of their own", () => {
  for (const flags of [SYN, RST, SYN]) assert.equal(verdict(flags, 45000), REDIRECT);
  assert.deepEqual([answered(SYN | ACK, 45000), answered(ACK, 45000)], [REDIRECT, REDIRECT]);
});

test("over the internet gateway each packet has its translation and checksums, whichever decided", () => {
  for (const port of [46000, 46001, 46002]) {
    const { verdict: out, packet } = sent(SYN, port, OUTSIDE), is = read(packet);
    assert.deepEqual([out, is.from, is.to, is.good], [REDIRECT, PUBLIC, OUTSIDE, true]);
    const back = fabric.test(1, frame({ from: OUTSIDE, to: PUBLIC, protocol: TCP, sport: 80, dport: port, flags: SYN | ACK, sourceMac: OUTSIDE_MAC })), got = read(back.packet);
    assert.deepEqual([back.verdict, got.from, got.to, got.good], [REDIRECT, OUTSIDE, CLIENT, true]);
  }
  assert.equal(fabric.test(1, frame({ from: OUTSIDE, to: PUBLIC, protocol: TCP, sport: 80, dport: 46003, flags: SYN | ACK, sourceMac: OUTSIDE_MAC })).verdict, DROP);
});

test("SYN with FIN or RST is nobody's beginning", () => {
  const flows = fabric.datapath.flowCount();
  assert.equal(verdict(SYN, 47000), REDIRECT);
  for (const flags of [SYN | RST, SYN | FIN]) verdict(flags, 47001);
  assert.deepEqual([answered(SYN | ACK | RST, 47002), answered(SYN | ACK, 47002)], [DROP, DROP]);
  assert.ok(fabric.datapath.flowCount() >= flows + 2);
});
