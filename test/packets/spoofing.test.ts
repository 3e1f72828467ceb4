// Owns what a hostile guest sends: each kind is dropped for its reason, at the interface that sent it, and reaches nobody.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import type { DropReason } from "../../src/datapath/tables.ts";
import { all, ICMP, route, TCP, TestFabric } from "../support/fabric.ts";
import { frame, type FrameSpec } from "../support/frames.ts";

let fabric: TestFabric;
const MAC = "02:00:00:00:00:10", REDIRECT = 7, SHOT = 2;

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [all]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" })];
  await fabric.host("a", { port: 16, address: "10.0.0.10/24" });
  await fabric.host("b", { port: 17, address: "10.0.0.11/24" });
  await fabric.internet("192.0.2.80");
  fabric.public("203.0.113.10", "10.0.0.10", 16);
  fabric.apply();
});
after(() => fabric.close());

const good: FrameSpec = { from: "10.0.0.10", to: "10.0.0.11", sourceMac: MAC };
const dropped = (bytes: Uint8Array, reason: DropReason, port = 16): void => {
  const before = fabric.drops(port, reason);
  assert.equal(fabric.test(port, bytes).verdict, SHOT, reason);
  assert.equal(fabric.drops(port, reason), before + 1, reason);
};
const changed = (bytes: Buffer, at: number, ...values: number[]): Buffer => { values.forEach((value, i) => { bytes[at + i] = value; }); return bytes; };
const withType = (type: number, rest: Uint8Array): Buffer => Buffer.concat([frame(good).subarray(0, 12), Buffer.from([type >> 8, type & 255]), rest]);
const arp = (more: { sender?: string; senderMac?: string; target?: number[]; operation?: number } = {}): Buffer => {
  const mac = Buffer.from((more.senderMac ?? MAC).replaceAll(":", ""), "hex"), sender = (more.sender ?? "10.0.0.10").split(".").map(Number);
  return withType(0x0806, Buffer.from([0, 1, 8, 0, 6, 4, 0, more.operation ?? 1, ...mac, ...sender, 0, 0, 0, 0, 0, 0, ...(more.target ?? [10, 0, 0, 11])]));
};

test("an honest packet passes", () => assert.equal(fabric.test(16, frame(good)).verdict, REDIRECT));

test("another's MAC address, another's source address", () => {
  dropped(frame({ ...good, sourceMac: "02:00:00:00:00:11" }), "WRONG_SOURCE_MAC");
  dropped(frame({ ...good, from: "10.0.0.11", to: "10.0.0.10" }), "SOURCE_CHECK");
  dropped(frame({ ...good, from: "192.0.2.80" }), "SOURCE_CHECK");
  dropped(frame({ ...good, from: "0.0.0.0", to: "255.255.255.255" }), "SOURCE_CHECK");
});

test("a forged packet right after an honest one of the same header", () => {
  for (let i = 0; i < 3; i++) assert.equal(fabric.test(16, frame(good)).verdict, REDIRECT);
  dropped(frame({ ...good, sourceMac: "02:00:00:00:00:11" }), "WRONG_SOURCE_MAC");
  dropped(frame({ ...good, sourceMac: "02:00:00:00:00:10" }), "WRONG_SOURCE_MAC", 17);
});

test("broadcast, multicast, link-local and loopback addresses", () => {
  for (const to of ["255.255.255.255", "224.0.0.1", "239.1.2.3", "169.254.1.1", "127.0.0.1", "0.0.0.2"]) dropped(frame({ ...good, to }), "LINK_LOCAL");
});

test("ARP: gratuitous, for another's address, an answer nobody asked for, with another's MAC; requests are answered by the router", () => {
  const answer = fabric.test(16, arp());
  assert.equal(answer.verdict, REDIRECT);
  assert.equal(answer.packet.subarray(22, 28).toString("hex"), "020000000001");
  dropped(arp({ sender: "10.0.0.11", target: [10, 0, 0, 11] }), "ARP");
  dropped(arp({ operation: 2 }), "ARP");
  dropped(arp({ sender: "0.0.0.0" }), "ARP");
  dropped(arp({ senderMac: "02:00:00:00:00:11" }), "WRONG_SOURCE_MAC");
  dropped(arp({ target: [10, 0, 0, 10] }), "ARP");
  dropped(arp().subarray(0, 30), "MALFORMED");
});

test("VLAN tags, IPv6 and other ethertypes", () => {
  dropped(withType(0x8100, Buffer.concat([Buffer.from([0, 5, 8, 0]), frame(good).subarray(14)])), "UNSUPPORTED_PROTOCOL");
  dropped(withType(0x86dd, Buffer.alloc(60, 0x60)), "UNSUPPORTED_PROTOCOL");
  dropped(withType(0x88cc, Buffer.alloc(60)), "UNSUPPORTED_PROTOCOL");
});

test("headers that are cut off, too long, or lie", () => {
  const whole = frame({ ...good, protocol: TCP });
  for (const length of [34, 40, 53]) dropped(whole.subarray(0, length), "MALFORMED"); // a test run takes none that is shorter than an IP header
  dropped(changed(frame(good), 14, 0x44), "MALFORMED");
  dropped(changed(frame(good), 14, 0x4f), "MALFORMED");
  dropped(changed(frame(good), 14, 0x65), "MALFORMED");
  dropped(changed(frame(good), 16, 0xff, 0xff), "MALFORMED");
  dropped(changed(frame(good), 16, 0, 10), "MALFORMED");
  dropped(changed(frame({ ...good, protocol: TCP }), 16, 0, 30), "MALFORMED");
});

test("an ICMP error that quotes nothing, or garbage, is judged as it is, and never crashes", () => {
  for (const payload of [Buffer.alloc(0), Buffer.alloc(7), Buffer.alloc(28, 0xff), Buffer.alloc(28, 0x45)]) assert.equal(fabric.test(16, frame({ ...good, protocol: ICMP, type: 3, code: 1, payload })).verdict, REDIRECT);
});

test("a source that may not be on the internet, from the internet; an address nobody has", () => {
  dropped(frame({ from: "10.0.0.11", to: "203.0.113.10", sourceMac: "02:00:00:00:00:01" }), "PRIVATE_DESTINATION", 1);
  dropped(frame({ from: "192.0.2.80", to: "203.0.113.99", sourceMac: "02:00:00:00:00:01" }), "UNKNOWN_PUBLIC_ADDRESS", 1);
  dropped(frame({ from: "192.0.2.80", to: "10.0.0.10", sourceMac: "02:00:00:00:00:01" }), "UNKNOWN_PUBLIC_ADDRESS", 1);
});

test("random bytes: whatever the verdict, the program ends and nothing is forwarded that is not the sender's", () => {
  let seed = 7;
  const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 24;
  const frames = Array.from({ length: 20_000 }, () => {
    const bytes = frame({ ...good, protocol: [1, 6, 17, 47][random() & 3]!, payload: Buffer.alloc(random() & 63) });
    for (let i = 0; i < 1 + (random() & 3); i++) bytes[14 + (random() % (bytes.length - 14))] = random();
    return bytes;
  });
  for (const { verdict, packet } of fabric.testEach(16, frames)) if (verdict === REDIRECT) assert.ok(["10.0.0.10", "203.0.113.10"].includes([...packet.subarray(26, 30)].join(".")), packet.toString("hex"));
});

test("real sockets: a guest that takes another's address is heard by nobody", async () => {
  await fabric.run("b", "sh", "-c", "ip addr flush dev eth0; ip addr add 10.0.0.10/24 dev eth0; ip route add default via 10.0.0.1");
  const before = fabric.drops(17, "SOURCE_CHECK");
  assert.equal(await fabric.pings("b", "192.0.2.80"), false);
  assert.equal(fabric.drops(17, "SOURCE_CHECK"), before + 1);
  await fabric.run("b", "sh", "-c", "ip addr flush dev eth0; ip addr add 10.0.0.11/24 dev eth0; ip route add default via 10.0.0.1; ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:77; ip link set eth0 up");
  assert.equal(await fabric.pings("b", "10.0.0.10"), false);
  assert.ok(fabric.drops(17, "WRONG_SOURCE_MAC") > 0);
});
