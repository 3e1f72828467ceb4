// Owns scenes of sizes and shapes: fragments, jumbo frames inside and path MTU discovery at the internet gateway, IP options, offloads
// (EC2 user guide, "Network MTU"; RFC 1191, RFC 791).

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { until } from "../support/box.ts";
import { all, entry, ICMP, route, rule, TCP, TestFabric, UDP } from "../support/fabric.ts";
import { offloadNames, switchOffloads } from "../support/offloads.ts";
import { frame, read } from "../support/frames.ts";

let fabric: TestFabric;
const MAC_A = "02:00:00:00:00:10", REDIRECT = 7, SHOT = 2;
const allow = entry(true, -1, 0, 65535, "0.0.0.0/0");

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [all]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" })];
  await fabric.host("a", { port: 16, address: "10.0.0.10/24", subnet: 200, mtu: 9001, acl: 500 });
  await fabric.host("b", { port: 17, address: "10.0.1.10/24", subnet: 201, mtu: 9001, groups: [401] });
  await fabric.internet("192.0.2.80");
  fabric.public("203.0.113.10", "10.0.0.10", 16);
  fabric.group(401, [all]);
  fabric.acl(500, [allow], [allow]);
  fabric.apply();
});
after(() => fabric.close());

test("inside a VPC a packet of 9,001 bytes passes whole", async () => {
  assert.equal(await fabric.pings("a", "10.0.1.10", "-s", String(9001 - 28), "-M", "do"), true);
});

test("towards the internet it is answered with 'fragmentation needed, 1500', and then the path is known", async () => {
  const { status, stdout } = await fabric.run("a", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-s", "3000", "-M", "do", "192.0.2.80");
  assert.equal(status, 1);
  assert.match(stdout, /From 10\.0\.0\.1 icmp_seq=1 Frag needed and DF set \(mtu = 1500\)/);
  assert.equal(fabric.drops(16, "PACKET_TOO_BIG"), 1, "the second was not sent: the kernel had learned");
  assert.match((await fabric.run("a", "ip", "route", "get", "192.0.2.80")).stdout, /mtu 1500/);
  assert.equal(await fabric.pings("a", "192.0.2.80", "-s", "1472", "-M", "do"), true);
});

test("the error's quotation and checksums are right", () => {
  const { verdict, packet } = fabric.test(16, frame({ from: "10.0.0.10", to: "192.0.2.81", sport: 7, dport: 9, payload: Buffer.alloc(2000), fragment: 0x4000, sourceMac: MAC_A }));
  const inner = Buffer.concat([packet.subarray(0, 14), packet.subarray(42)]);
  assert.equal(verdict, REDIRECT);
  assert.deepEqual([read(packet).from, read(packet).to, read(packet).type, read(packet).code, read(packet).mtu, read(packet).good, read(packet).destinationMac], ["10.0.0.1", "10.0.0.10", 3, 4, 1500, true, MAC_A]);
  assert.deepEqual([inner.readUInt16BE(16), inner.readUInt16BE(34), inner.readUInt16BE(36)], [2028, 7, 9]);
});

test("an ACL without ICMP in breaks path MTU discovery, as it does on AWS", () => {
  fabric.acl(500, [entry(false, ICMP, 3, 4, "0.0.0.0/0"), allow], [allow]);
  fabric.apply();
  assert.equal(fabric.test(16, frame({ from: "10.0.0.10", to: "192.0.2.82", payload: Buffer.alloc(2000), fragment: 0x4000, sourceMac: MAC_A })).verdict, SHOT);
  assert.equal(fabric.drops(16, "ACL_INGRESS"), 1);
  fabric.acl(500, [allow], [allow]);
  fabric.apply();
});

test("TCP with all offloads on and off, inside and to the internet", async () => {
  const sent = async (): Promise<number> => (JSON.parse((await fabric.run("a", "ip", "-s", "-j", "link", "show", "eth0")).stdout) as { stats64: { tx: { packets: number } } }[])[0]!.stats64.tx.packets;
  const trains = new Map<string, number>(); // packets for each byte that arrived
  for (const on of [true, false]) {
    for (const [host, device] of [["a", "eth0"], ["b", "eth0"], ["internet", "uplink"], ["fabric", "vb16"], ["fabric", "vb17"], ["fabric", "vb1"]] as const)
      assert.deepEqual(switchOffloads(fabric.path(host), device, on), on ? offloadNames : [], `${device} of ${host}`);
    for (const [host, address, port] of [["b", "10.0.1.10", 5301], ["internet", "192.0.2.80", 5302]] as const) {
      const server = fabric.run(host, "timeout", "60", "iperf3", "-s", "-1", "-p", String(port));
      const before = await sent();
      const bytes = await until(`a transfer to ${host}`, async () => { // the server may not listen yet
        const client = await fabric.run("a", "iperf3", "-c", address, "-p", String(port), "-n", "20M", "-J");
        return (JSON.parse(client.stdout || "{}") as { end?: { sum_received?: { bytes: number } } }).end?.sum_received?.bytes || undefined;
      });
      await server;
      assert.ok(bytes >= 10e6, `${on ? "on" : "off"}, ${host}: ${bytes} bytes`);
      trains.set(`${host} ${on}`, (await sent() - before) / bytes);
    }
  }
  for (const [host, mtu] of [["b", 9001], ["internet", 1500]] as const) {
    assert.ok(trains.get(`${host} false`)! >= 1 / mtu, `${host}: ${[...trains]}`);
    assert.ok(trains.get(`${host} true`)! < trains.get(`${host} false`)! / 2, `${host}: ${[...trains]}`);
  }
});

test("pieces share the first one's verdict, by groups and by ACLs; without a first one they are dropped", async () => {
  fabric.group(401, [rule(UDP, 6000, 6000, "10.0.0.0/24")]);
  fabric.acl(500, [allow], [entry(false, UDP, 6001, 6001, "0.0.0.0/0"), allow]);
  fabric.apply();
  const [a, open, shut] = [fabric.udp("a", 4000), fabric.udp("b", 6000), fabric.udp("b", 6002)];
  a.send("x".repeat(20_000), "10.0.1.10", 6000);
  assert.equal((await open.next())?.text.length, 20_000);
  const send = (more: Partial<Parameters<typeof frame>[0]>) => fabric.test(16, frame({ from: "10.0.0.10", to: "10.0.1.10", sourceMac: MAC_A, payload: Buffer.alloc(64), ...more })).verdict;
  const before = fabric.drops(16, "FRAGMENT");
  assert.deepEqual([send({ id: 1, dport: 6002, fragment: 0x2000 }), send({ id: 1, fragment: 9 })], [SHOT, SHOT], "stopped by the group");
  assert.deepEqual([send({ id: 2, dport: 6001, fragment: 0x2000 }), send({ id: 2, fragment: 9 })], [SHOT, SHOT], "stopped by the ACL");
  assert.deepEqual([send({ id: 3, dport: 6000, fragment: 0x2000 }), send({ id: 3, fragment: 9 }), send({ id: 4, fragment: 9 })], [REDIRECT, REDIRECT, SHOT]);
  assert.equal(fabric.drops(16, "FRAGMENT"), before + 3);
  a.send("x".repeat(20_000), "10.0.1.10", 6002);
  assert.equal(await shut.next(300), undefined);
  fabric.group(401, [all]);
  fabric.acl(500, [allow], [allow]);
  fabric.apply();
});

test("pieces of ICMP and UDP cross the internet gateway, translated", async () => {
  assert.equal(await fabric.pings("a", "192.0.2.80", "-s", "5000", "-M", "dont"), true);
  assert.equal(await fabric.pings("internet", "203.0.113.10", "-s", "5000"), true);
});

test("IP options move the ports, and the rules find them", () => {
  fabric.group(401, [rule(TCP, 443, 443, "10.0.0.0/24")]);
  fabric.apply();
  const syn = (dport: number) => fabric.test(16, frame({ from: "10.0.0.10", to: "10.0.1.10", protocol: TCP, flags: 2, dport, options: Buffer.from([148, 4, 0, 0]), sourceMac: MAC_A })).verdict;
  assert.deepEqual([syn(443), syn(444)], [REDIRECT, SHOT]);
  const out = fabric.test(16, frame({ from: "10.0.0.10", to: "192.0.2.80", protocol: TCP, flags: 2, options: Buffer.alloc(40, 1), sourceMac: MAC_A }));
  assert.deepEqual([out.verdict, read(out.packet).from, read(out.packet).good], [REDIRECT, "203.0.113.10", true]);
});

test("IP options by a real sender: ping's record of the route arrives and comes back, inside and over the internet gateway", async () => {
  fabric.group(401, [rule(ICMP, -1, -1, "10.0.0.0/24")]);
  fabric.apply();
  for (const [target, recorded] of [["10.0.1.10", "10.0.0.10"], ["192.0.2.80", "10.0.0.10"]] as const) {
    const { status, stdout } = await fabric.run("a", "ping", "-n", "-R", "-c", "1", "-W", "5", target);
    assert.equal(status, 0, stdout);
    assert.match(stdout, new RegExp(`RR: *\\t${recorded.replaceAll(".", "\\.")}\n`), stdout);
  }
});

test("a jumbo packet through a NAT gateway: its sender hears of 1,500, about what it sent itself", async () => {
  fabric.tables.routes = [...fabric.tables.routes, route(302, "10.0.0.0/16", { kind: "local" }), route(302, "0.0.0.0/0", { kind: "port", port: 50 })];
  await fabric.host("c", { port: 18, address: "10.0.2.10/24", subnet: 202, table: 302, mtu: 9001 });
  fabric.nat(50, "public", ["10.0.3.5"], { subnet: 203, table: 300 });
  fabric.public("203.0.113.50", "10.0.3.5", 50);
  fabric.apply();
  const { stdout } = await fabric.run("c", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-s", "3000", "-M", "do", "192.0.2.80");
  assert.match(stdout, /From 10\.0\.2\.1 icmp_seq=1 Frag needed and DF set \(mtu = 1500\)/, stdout);
  assert.match((await fabric.run("c", "ip", "route", "get", "192.0.2.80")).stdout, /mtu 1500/);
  assert.equal(await fabric.pings("c", "192.0.2.80", "-s", "1472", "-M", "do"), true);
});
