// Owns scenes of flow accounts (VPC user guide, "Flow log record examples"): what the program says of packets that passed and of packets
// that did not, at the interfaces that a flow log watches.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { all, atOnce, entry, ICMP, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { frame } from "../support/frames.ts";
import type { FlowAccount } from "../../src/datapath/flow-accounts.ts";

let fabric: TestFabric;
const WEB = 16, CLIENT = 17, BESIDE = 18, NATBOX = 19, GATE = 50;
const dotted = (n: number): string => [24, 16, 8, 0].map((bits) => (n >>> bits) & 255).join(".");
const show = (a: FlowAccount): string => `${a.egress ? "out" : "in"} ${dotted(a.source)} ${dotted(a.destination)} ${a.protocol} ${a.packets}x${a.bytes} ${a.rejected ? "REJECT" : "ACCEPT"} ${a.path}`;
/** What was accounted since the last call, of one interface; in one order. */
const drained = async (port: number): Promise<FlowAccount[]> => (await fabric.datapath.drainAccounts()).accounts.filter((a) => a.port === port).sort((a, b) => (show(a) < show(b) ? -1 : 1));
const watch = (port: number, logs: "ACCEPT" | "REJECT" | "ALL" | undefined): void => {
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === port ? { ...p, logs } : p));
  fabric.apply();
};

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [rule(ICMP, -1, -1, "0.0.0.0/0"), rule(TCP, 80, 80, "0.0.0.0/0"), rule(UDP, 5000, 5000, "0.0.0.0/0")], []); // answers leave by what came in
  fabric.group(401, [all], [all]);
  fabric.acl(500, [entry(true, -1, 0, 65535, "0.0.0.0/0")], [entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  fabric.tables.routes = [
    route(300, "10.0.0.0/16", { kind: "local" }), route(300, "172.16.0.0/16", { kind: "blackhole" }), route(300, "0.0.0.0/0", { kind: "internet" }),
    route(301, "10.0.0.0/16", { kind: "local" }), route(301, "0.0.0.0/0", { kind: "port", port: NATBOX }),
    route(302, "10.0.0.0/16", { kind: "local" }), route(302, "0.0.0.0/0", { kind: "port", port: GATE }),
  ];
  await fabric.host("web", { port: WEB, address: "10.0.0.10/24", more: ["10.0.0.110"], acl: 500 });
  await fabric.host("client", { port: CLIENT, address: "10.0.1.10/24", subnet: 201, groups: [401], table: 301 });
  await fabric.host("beside", { port: BESIDE, address: "10.0.2.10/24", subnet: 202, groups: [401], table: 302 });
  await fabric.host("natbox", { port: NATBOX, address: "10.0.3.10/24", subnet: 203, groups: [401], check: false });
  await fabric.internet("192.0.2.80");
  fabric.nat(GATE, "public", ["10.0.3.5"], { subnet: 203, table: 300 });
  fabric.public("203.0.113.10", "10.0.0.10", WEB);
  fabric.public("203.0.113.19", "10.0.3.10", NATBOX);
  fabric.public("203.0.113.50", "10.0.3.5", GATE);
  fabric.apply();
  const set = await fabric.run("natbox", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; PATH=$PATH:/usr/sbin; nft add table ip nat; nft 'add chain ip nat out { type nat hook postrouting priority 100; }'; nft add rule ip nat out masquerade");
  assert.equal(set.status, 0, set.stderr);
});
after(() => fabric.close());

test("an interface that nobody watches has no account; one that is watched has both directions", async () => {
  assert.equal(await fabric.pings("client", "10.0.0.10"), true);
  assert.deepEqual((await fabric.datapath.drainAccounts()).accounts, []);
  watch(WEB, "ALL");
  for (let i = 0; i < 4; i++) assert.equal(await fabric.pings("client", "10.0.0.10"), true); // each an identifier of its own: one record
  assert.deepEqual((await drained(WEB)).map(show), ["in 10.0.1.10 10.0.0.10 1 4x336 ACCEPT 0", "out 10.0.0.10 10.0.1.10 1 4x336 ACCEPT 1"]);
  assert.deepEqual(await drained(WEB), [], "what was read is gone");
});

test("rejected by the group: one record; REJECT alone and ACCEPT alone", async () => {
  assert.equal(await fabric.connects("client", "10.0.0.10", 81), false);
  const [only, ...rest] = await drained(WEB);
  assert.deepEqual([rest, only!.rejected, only!.egress, only!.destinationPort, only!.tcpFlags], [[], true, false, 81, 2]);
  for (const [logs, accepted, rejected] of [["ACCEPT", 2, 0], ["REJECT", 0, 1]] as const) {
    watch(WEB, logs);
    await fabric.pings("client", "10.0.0.10");
    await fabric.connects("client", "10.0.0.10", 81);
    const accounts = await drained(WEB);
    assert.deepEqual([accounts.filter((a) => !a.rejected).length, accounts.filter((a) => a.rejected).length], [accepted, rejected], logs);
  }
  watch(WEB, "ALL");
});

test("AWS's ping: let in by the group, its answer stopped by the ACL: an ACCEPT and a REJECT", async () => {
  fabric.acl(500, [entry(true, -1, 0, 65535, "0.0.0.0/0")], [entry(false, ICMP, -1, -1, "0.0.0.0/0"), entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  fabric.apply();
  assert.equal(await fabric.pings("internet", "203.0.113.10", "-I", "192.0.2.80"), false);
  assert.deepEqual((await drained(WEB)).map(show), ["in 192.0.2.80 10.0.0.10 1 1x84 ACCEPT 0", "out 10.0.0.10 192.0.2.80 1 1x84 REJECT 8"]);
  fabric.acl(500, [entry(true, -1, 0, 65535, "0.0.0.0/0")], [entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  fabric.apply();
  assert.equal(await fabric.pings("internet", "203.0.113.10", "-I", "192.0.2.80"), true);
  assert.deepEqual((await drained(WEB)).map(show), ["in 192.0.2.80 10.0.0.10 1 1x84 ACCEPT 0", "out 10.0.0.10 192.0.2.80 1 1x84 ACCEPT 8"], "with the ACL open, two ACCEPT");
});

test("an ACL that lets nothing in, and one that lets nothing out of the sender's subnet", async () => {
  watch(CLIENT, "ALL");
  fabric.acl(500, [], [entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  fabric.apply();
  assert.equal(await fabric.pings("client", "10.0.0.10"), false);
  const { accounts } = await fabric.datapath.drainAccounts();
  assert.deepEqual(accounts.map((a) => `${a.port} ${show(a)}`).sort(), ["16 in 10.0.1.10 10.0.0.10 1 1x84 REJECT 0", "17 out 10.0.1.10 10.0.0.10 1 1x84 ACCEPT 1"]);
  fabric.acl(500, [entry(true, -1, 0, 65535, "0.0.0.0/0")], [entry(true, -1, 0, 65535, "0.0.0.0/0")]);
  watch(CLIENT, undefined);
});

test("the sender's group stops it; a blackhole stops what was accepted", async () => {
  await fabric.pings("web", "10.0.1.10");
  assert.deepEqual((await drained(WEB)).map(show), ["out 10.0.0.10 10.0.1.10 1 1x84 REJECT 0"]);
  fabric.group(400, [all], [all]);
  fabric.apply();
  await fabric.pings("web", "172.16.0.1");
  assert.deepEqual((await drained(WEB)).map(show), ["out 10.0.0.10 172.16.0.1 1 1x84 ACCEPT 0"]);
});

test("tcp-flags of a connection: SYN and FIN, SYN-ACK and FIN", async () => {
  const server = fabric.tcpServer("web", 80);
  server.on("connection", (socket) => socket.on("end", () => socket.end()));
  assert.equal(await fabric.connects("client", "10.0.0.10", 80), true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const [request, answer] = (await drained(WEB)).sort((a, b) => Number(a.egress) - Number(b.egress));
  assert.equal(request!.tcpFlags & ~4, 3, "SYN, FIN, and RST when it went before all was read");
  assert.equal(answer!.tcpFlags & 18, 18);
  assert.deepEqual([request!.destinationPort, answer!.sourcePort, request!.sourcePort], [80, 80, answer!.destinationPort]);
  const send = (flags: number) => fabric.test(CLIENT, frame({ from: "10.0.1.10", to: "10.0.0.10", protocol: TCP, sport: 3000, dport: 80, flags, sourceMac: "02:00:00:00:00:11" }));
  await atOnce(() => [2, 16, 24].forEach(send), () => drained(WEB)); // the last would be answered out of memory, if it were remembered
  assert.deepEqual((await drained(WEB)).map((a) => [a.tcpFlags, a.packets]), [[2, 3]], "ACK and PSH alone are not said");
  send(16);
  assert.deepEqual((await drained(WEB)).map((a) => a.tcpFlags), [0]);
});

test("through a NAT instance and a NAT gateway: AWS's four lines", async () => {
  watch(WEB, undefined);
  watch(NATBOX, "ALL");
  watch(GATE, "ALL");
  for (const [host, address, port, own] of [["client", "10.0.1.10", NATBOX, "10.0.3.10"], ["beside", "10.0.2.10", GATE, "10.0.3.5"]] as const) {
    assert.equal(await fabric.pings(host, "192.0.2.80"), true);
    assert.deepEqual((await drained(port)).map(show), [
      `in ${address} 192.0.2.80 1 1x84 ACCEPT 0`, `in 192.0.2.80 ${own} 1 1x84 ACCEPT 0`,
      `out 192.0.2.80 ${address} 1 1x84 ACCEPT 1`, `out ${own} 192.0.2.80 1 1x84 ACCEPT 8`,
    ].sort());
  }
  assert.equal(await fabric.pings("internet", "203.0.113.50", "-I", "192.0.2.80"), false);
  assert.deepEqual((await drained(GATE)).map(show), ["in 192.0.2.80 10.0.3.5 1 1x84 ACCEPT 0"], "what nobody asked for is accepted, and goes nowhere");
});

test("to the router and between DHCP's ports: not logged", async () => {
  watch(WEB, "ALL");
  await fabric.pings("web", "10.0.0.1");
  fabric.test(CLIENT, frame({ from: "10.0.1.10", to: "10.0.0.10", sport: 67, dport: 68, sourceMac: "02:00:00:00:00:11" }));
  fabric.test(CLIENT, frame({ from: "10.0.1.10", to: "10.0.0.10", sport: 67, dport: 69, sourceMac: "02:00:00:00:00:11" }));
  assert.deepEqual((await drained(WEB)).map((a) => a.destinationPort), [69]);
});

test("a bulk transfer: packets and bytes are those that the sockets sent, trains of segments and all, while accounts are drained", async () => {
  const MiB = 1 << 20, size = 64 * MiB;
  const server = fabric.tcpServer("web", 5001), received = { bytes: 0 };
  fabric.group(400, [all], [all]);
  watch(WEB, "ALL");
  await fabric.datapath.drainAccounts();
  server.removeAllListeners("connection");
  server.on("connection", (socket) => socket.on("data", (data: Buffer) => { received.bytes += data.length; }).on("end", () => socket.end()));
  // iperf-like, by one program that says what its socket counted at the end (tcp_info).
  const script = `
import socket, struct
s = socket.create_connection(("10.0.0.10", 5001)); b = b"x" * 65536
for _ in range(${size / 65536}): s.sendall(b)
s.shutdown(socket.SHUT_WR); s.recv(1)
info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 216)
print(struct.unpack_from("I", info, 136)[0], struct.unpack_from("Q", info, 200)[0])`;
  const draining = { done: false }, sums = { packets: 0, bytes: 0, drains: 0 };
  const collect = async (): Promise<void> => { for (const a of await drained(WEB)) if (!a.egress) { sums.packets += a.packets; sums.bytes += a.bytes; } sums.drains++; };
  const drains = (async () => { while (!draining.done) { await collect(); await new Promise((resolve) => setTimeout(resolve, 5)); } })();
  const result = await fabric.run("client", "python3", "-c", script);
  draining.done = true;
  await drains;
  await collect();
  assert.equal(result.status, 0, result.stderr);
  assert.equal(received.bytes, size);
  const [segments = 0, payload = 0] = result.stdout.split(" ").map(Number); // what was sent again among them
  assert.ok(Math.abs(sums.packets - segments) <= 2, `${sums.packets} packets accounted, ${segments} sent by the socket`); // its last ACK, and one more after it was asked
  const expected = payload + segments * 52 + 8; // IP and TCP with timestamps; the SYN has 8 bytes more
  assert.ok(Math.abs(sums.bytes - expected) <= 200, `${sums.bytes} bytes accounted, ${expected} expected`);
  assert.ok(sums.drains > 3, `${sums.drains} drains`);
});

test("some thousand flows: none is missed", async () => {
  const flows = 20_000;
  await fabric.datapath.drainAccounts();
  function* frames() { for (let i = 0; i < flows; i++) yield frame({ from: "10.0.1.10", to: "10.0.0.10", sport: 1024 + (i % 60_000), dport: 5000, sourceMac: "02:00:00:00:00:11" }); }
  const sent = fabric.testEach(CLIENT, frames());
  assert.ok(sent.every((run) => run.verdict === 7));
  const { accounts, lost } = await fabric.datapath.drainAccounts();
  assert.equal(accounts.filter((a) => a.port === WEB).reduce((sum, a) => sum + a.packets, 0), flows);
  assert.equal(accounts.filter((a) => a.port === WEB).length, flows);
  assert.equal(lost.size, 0);
});

test("more flows than there is room for at one interface: as many as the others are counted as lost", async () => {
  const flows = 70_000, room = 65_536;
  function* frames() { for (let i = 0; i < flows; i++) yield frame({ from: "10.0.1.10", to: "10.0.0.10", sport: 1024 + (i % 35_000), dport: 5000 + Math.floor(i / 35_000), sourceMac: "02:00:00:00:00:11" }); }
  watch(WEB, undefined);
  watch(CLIENT, "ALL");
  const verdicts = fabric.testEach(CLIENT, frames()).filter((run) => run.verdict === 7).length;
  const { accounts, lost } = await fabric.datapath.drainAccounts();
  const packets = accounts.filter((a) => a.port === CLIENT && !a.rejected).reduce((sum, a) => sum + a.packets, 0);
  assert.equal(accounts.length, room);
  assert.equal(accounts.reduce((sum, a) => sum + a.packets, 0) + (lost.get(CLIENT) ?? 0), flows);
  assert.ok(packets > 0 && verdicts > 0);
});
