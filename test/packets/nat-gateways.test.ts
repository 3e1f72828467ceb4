// Owns scenes of NAT gateways (VPC user guide, "NAT gateway basics" and "Compare NAT gateways and NAT instances"), with clocks a
// hundred times faster than the world's: 350 idle seconds are 3.5.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { all, entry, ICMP, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";

let fabric: TestFabric;
const GATE = 50, MAC = "02:00:00:00:00:10", REDIRECT = 7, SHOT = 2;

before(async () => {
  fabric = await TestFabric.open(100);
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [], [all]);
  fabric.group(401, [all]);
  fabric.tables.routes = [
    route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "port", port: GATE }),
    route(301, "10.0.0.0/16", { kind: "local" }), route(301, "0.0.0.0/0", { kind: "internet" }),
  ];
  await fabric.host("private", { port: 16, address: "10.0.1.10/24", subnet: 201, table: 300, groups: [400] });
  await fabric.host("other", { port: 17, address: "10.0.1.11/24", subnet: 201, table: 300, groups: [400] });
  await fabric.internet("192.0.2.80", "192.0.2.81");
  fabric.nat(GATE, "public", ["10.0.0.5"], { subnet: 200, table: 301 });
  fabric.public("203.0.113.50", "10.0.0.5", GATE);
  fabric.apply();
});
after(() => fabric.close());

const send = (more: Partial<Parameters<typeof frame>[0]>) => fabric.test(16, frame({ from: "10.0.1.10", to: "192.0.2.80", sourceMac: MAC, ...more }));

test("TCP, UDP and ping leave with its Elastic IP and a port of 1024 or more, and their answers come back", async () => {
  fabric.tcpServer("internet", 8080);
  assert.equal(await fabric.connects("private", "192.0.2.80", 8080), true);
  assert.equal(await fabric.pings("private", "192.0.2.80"), true);
  const server = fabric.udp("internet", 9000, "192.0.2.80"), client = fabric.udp("private", 500);
  client.send("question", "192.0.2.80", 9000);
  const came = (await server.next())!;
  assert.deepEqual([came.text, came.address, came.port >= 1024], ["question", "203.0.113.50", true]);
  server.send("answer", came.address, came.port);
  assert.equal((await client.next())?.text, "answer");
  assert.ok(fabric.metric(GATE, "ConnectionAttemptCount") >= 1);
  assert.equal(fabric.metric(GATE, "ConnectionEstablishedCount"), 1);
  assert.ok(fabric.metric(GATE, "PacketsInFromSource") >= 7 && fabric.metric(GATE, "PacketsOutToSource") >= 5);
  assert.equal(fabric.metric(GATE, "PacketsInFromSource"), fabric.metric(GATE, "PacketsOutToDestination"));
  const bytes = (): number[] => (["BytesInFromSource", "BytesOutToDestination", "BytesInFromDestination", "BytesOutToSource"] as const).map((name) => fabric.metric(GATE, name)), before = bytes();
  assert.equal(await fabric.pings("private", "192.0.2.80"), true);
  assert.deepEqual(bytes().map((now, i) => now - before[i]!), [84, 84, 84, 84], "of IP packets, both ways");
});

test("only answers come in, only from whom was asked; it answers no ping itself", async () => {
  const server = fabric.udp("internet", 9001, "192.0.2.80"), stranger = fabric.udp("internet", 9001, "192.0.2.81"), client = fabric.udp("private", 501);
  client.send("question", "192.0.2.80", 9001);
  const came = (await server.next())!;
  const before = fabric.drops(GATE, "NAT_NO_CONNECTION");
  stranger.send("unasked", "203.0.113.50", came.port);
  assert.equal(await client.next(200), undefined);
  assert.equal(fabric.drops(GATE, "NAT_NO_CONNECTION"), before + 1);
  assert.equal(await fabric.pings("internet", "203.0.113.50"), false);
  assert.equal(await fabric.pings("private", "10.0.0.5"), false);
  assert.equal(fabric.drops(GATE, "NAT_NO_CONNECTION"), before + 3);
});

test("an idle connection is forgotten after 350 seconds: RST to the instance that goes on; IdleTimeoutCount", async () => {
  const port = 8081;
  fabric.tcpServer("internet", port);
  const idle = fabric.metric(GATE, "IdleTimeoutCount"), active = fabric.metric(GATE, "ActiveConnectionCount");
  // bash holds the connection: speaks, is silent for 4.5 real seconds, speaks again, and is reset
  const client = fabric.run("private", "timeout", "10", "bash", "-c", `exec 3<>/dev/tcp/192.0.2.80/${port}; read -r l <&3; echo $l; echo one >&3; read -r l <&3; echo $l; sleep 4.5; echo two >&3; sleep 0.2; echo three >&3; read -r l <&3; echo "end $? $l"`);
  await sleep(1000);
  assert.equal(fabric.metric(GATE, "ActiveConnectionCount"), active + 1);
  const { stdout, stderr } = await client;
  assert.match(stdout, /hello\none\n/);
  assert.match(stderr, /reset by peer|Broken pipe/i, stdout);
  assert.ok(fabric.metric(GATE, "IdleTimeoutCount") > idle);
});

test("a connection that is used is not idle", async () => {
  fabric.tcpServer("internet", 8082);
  const { stdout } = await fabric.run("private", "timeout", "10", "bash", "-c", `exec 3<>/dev/tcp/192.0.2.80/8082; read -r l <&3; for i in 1 2 3 4 5; do sleep 1; echo $i >&3; read -r l <&3; echo $l; done`);
  assert.equal(stdout, "1\n2\n3\n4\n5\n");
});

test("pieces of UDP pass, of ICMP and TCP do not", async () => {
  const server = fabric.udp("internet", 9002, "192.0.2.80"), client = fabric.udp("private", 502);
  client.send("x".repeat(4000), "192.0.2.80", 9002);
  const came = (await server.next())!;
  assert.equal(came.text.length, 4000);
  server.send("y".repeat(4000), came.address, came.port);
  assert.equal((await client.next())?.text.length, 4000);
  const before = fabric.drops(GATE, "NAT_FRAGMENT");
  assert.equal(await fabric.pings("private", "192.0.2.80", "-s", "3000"), false);
  assert.equal(send({ protocol: TCP, fragment: 0x2000, payload: Buffer.alloc(8) }).verdict, SHOT);
  assert.ok(fabric.drops(GATE, "NAT_FRAGMENT") >= before + 2);
});

test("other protocols do not pass", () => {
  assert.equal(send({ protocol: 47, payload: Buffer.alloc(20) }).verdict, SHOT);
  assert.equal(fabric.drops(GATE, "NAT_PROTOCOL"), 1);
});

/** An answer to what left the gateway as `out`. */
const answer = (out: ReturnType<typeof read>, more: Partial<Parameters<typeof frame>[0]>) => fabric.test(1, frame({ from: out.to, to: out.from, protocol: out.protocol, sport: out.protocol === ICMP ? out.sport : out.dport, dport: out.sport, sourceMac: "02:00:00:00:00:01", ...more }));

test("every checksum is right, both ways; the answer has the instance's own port", () => {
  for (const protocol of [TCP, UDP, ICMP]) {
    const sent = send({ protocol, sport: 4321, dport: 99, flags: 2, payload: Buffer.from("some bytes") }), out = read(sent.packet);
    assert.deepEqual([sent.verdict, out.good, out.from, out.sport === 4321], [REDIRECT, true, "203.0.113.50", false], `${protocol} out`);
    const back = answer(out, { flags: 18, type: 0, payload: Buffer.from("other bytes") }), came = read(back.packet);
    assert.deepEqual([back.verdict, came.good, came.to, protocol === ICMP ? came.sport : came.dport], [REDIRECT, true, "10.0.1.10", 4321], `${protocol} in`);
  }
});

test("FIN one way closes nothing; both ways it does, ten seconds later", async () => {
  const ACK = 16, FIN_ACK = 17;
  for (let sport = 4400; ; sport++) {
    const ours = (flags: number) => send({ protocol: TCP, sport, dport: 80, flags }), out = read(ours(2).packet);
    assert.equal(answer(out, { flags: 18 }).verdict, REDIRECT);
    assert.equal(ours(FIN_ACK).verdict, REDIRECT);
    await sleep(250); // 25 s
    assert.equal(answer(out, { flags: ACK }).verdict, REDIRECT, "the other end may go on sending");
    const began = performance.now();
    assert.equal(answer(out, { flags: FIN_ACK }).verdict, REDIRECT);
    const last = ours(ACK).verdict;
    if (performance.now() - began > 80) continue; // a busy machine: the ten seconds, a tenth of one here, may be over
    assert.equal(last, REDIRECT, "the last ACK");
    await sleep(250);
    const before = fabric.drops(GATE, "NAT_NO_CONNECTION");
    assert.equal(answer(out, { flags: ACK }).verdict, SHOT);
    assert.equal(fabric.drops(GATE, "NAT_NO_CONNECTION"), before + 1);
    return;
  }
});

test("RST ends a connection at once; what belongs to none is answered with RST", () => {
  const RST = 4, ACK = 16;
  for (const end of ["instance", "destination"] as const) {
    const out = read(send({ protocol: TCP, sport: 4500, dport: 80, flags: 2 }).packet);
    assert.equal(answer(out, { flags: 18 }).verdict, REDIRECT);
    assert.equal((end === "instance" ? send({ protocol: TCP, sport: 4500, dport: 80, flags: RST }) : answer(out, { flags: RST })).verdict, REDIRECT);
    assert.equal(answer(out, { flags: ACK }).verdict, SHOT, end);
    const reset = send({ protocol: TCP, sport: 4500, dport: 80, flags: ACK, ack: 77 }), came = read(reset.packet);
    assert.deepEqual([reset.verdict, came.flags, came.from, came.to, came.sport, came.dport, came.good], [REDIRECT, RST, "192.0.2.80", "10.0.1.10", 80, 4500, true], end);
    assert.equal(reset.packet.readUInt32BE(14 + 20 + 4), 77, "where its sender expects it");
  }
});

test("its subnet's ACL applies, no group does", async () => {
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === GATE ? { ...p, networkAcl: 500 } : p));
  const allow = entry(true, -1, 0, 65535, "0.0.0.0/0");
  fabric.acl(500, [entry(false, -1, 0, 65535, "192.0.2.80/32"), allow], [allow]);
  fabric.apply();
  assert.equal(await fabric.pings("private", "192.0.2.80"), false);
  assert.equal(fabric.drops(GATE, "ACL_INGRESS"), 1, "the answer, from the internet");
  fabric.acl(500, [allow], [entry(false, -1, 0, 65535, "10.0.1.0/24"), allow]);
  fabric.apply();
  assert.equal(await fabric.pings("private", "192.0.2.80"), false);
  assert.equal(fabric.drops(GATE, "ACL_EGRESS"), 1, "the answer, to the instance");
  fabric.acl(500, [allow], [allow]);
  fabric.apply();
  assert.equal(await fabric.pings("private", "192.0.2.80"), true);
});

test("an error about a connection reaches the instance: traceroute's and path MTU discovery's way", () => {
  const out = read(send({ sport: 777, dport: 33434, to: "192.0.2.80" }).packet);
  const quoted = frame({ from: "203.0.113.50", to: "192.0.2.80", sport: out.sport, dport: 33434, sourceMac: MAC }).subarray(14, 14 + 28);
  const quotedFrom = out.from;
  const error = frame({ from: "192.0.2.1", to: quotedFrom, protocol: ICMP, type: 3, code: 3, sport: 0, payload: quotedFrom === "203.0.113.50" ? quoted : frame({ from: quotedFrom, to: "192.0.2.80", sport: out.sport, dport: 33434, sourceMac: MAC }).subarray(14, 14 + 28), sourceMac: "02:00:00:00:00:01" });
  const { verdict, packet } = fabric.test(1, error);
  assert.equal(verdict, REDIRECT);
  const inner = Buffer.concat([packet.subarray(0, 14), packet.subarray(42)]);
  assert.deepEqual([read(packet).to, read(packet).good, read(inner).from, read(inner).sport], ["10.0.1.10", true, "10.0.1.10", 777]);
});

test("a private gateway translates to its private address; from outside its VPC it is not used", async () => {
  fabric.nat(51, "private", ["10.0.0.7"], { subnet: 200, table: 301 });
  fabric.tables.routes = [...fabric.tables.routes, route(300, "10.0.2.0/24", { kind: "port", port: 51 })];
  await fabric.host("inside", { port: 18, address: "10.0.2.10/24", subnet: 202, table: 301, groups: [401] });
  fabric.group(401, [rule(ICMP, -1, -1, "10.0.0.7/32")]);
  fabric.apply();
  assert.equal(await fabric.pings("private", "10.0.2.10"), true, "it sees the gateway's address, which its group allows");
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 16 ? { ...p, sourceDestCheck: false } : p));
  fabric.tables.routes = [...fabric.tables.routes, route(301, "172.16.0.0/16", { kind: "port", port: 16 })];
  fabric.apply();
  assert.equal(send({ from: "172.16.0.1", to: "192.0.2.80", protocol: UDP }).verdict, SHOT);
  assert.equal(fabric.drops(GATE, "NAT_SOURCE"), 1);
});
