// Owns scenes of routes: more specific than local, inside a subnet, peering, the internet gateway's own table, public addresses inside
// one VPC, firewalls in a row (VPC user guide, "Route tables", "Gateway route tables"; VPC peering guide).

import { after, afterEach, before, test } from "node:test";
import assert from "node:assert/strict";
import { all, ICMP, route, rule, TestFabric } from "../support/fabric.ts";

let fabric: TestFabric;
const local = { kind: "local" } as const;
const base = [
  route(300, "10.0.0.0/16", local), route(301, "10.0.0.0/16", local), route(302, "10.0.0.0/16", local), route(310, "10.1.0.0/16", local), route(320, "10.2.0.0/16", local),
  route(302, "0.0.0.0/0", { kind: "internet" }),
];
/** A guest that forwards: its kernel does, and its interface lets it. */
const forwards = async (name: string): Promise<void> => { await fabric.run(name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/eth0/send_redirects"); };

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.vpc(110, ["10.1.0.0/16"]);
  fabric.vpc(120, ["10.2.0.0/16"]);
  fabric.group(400, [all]);
  fabric.tables.routes = base;
  await fabric.host("a", { port: 16, address: "10.0.0.10/24", subnet: 200, table: 300 });
  await fabric.host("a2", { port: 17, address: "10.0.0.11/24", subnet: 200, table: 300 });
  await fabric.host("b", { port: 18, address: "10.0.1.10/24", subnet: 201, table: 301 });
  await fabric.host("fire1", { port: 19, address: "10.0.2.10/24", subnet: 202, table: 302, check: false });
  await fabric.host("fire2", { port: 20, address: "10.0.3.10/24", subnet: 203, table: 302, check: false });
  await fabric.host("peer", { port: 21, address: "10.1.0.10/24", vpc: 110, subnet: 210, table: 310, groups: [410] });
  await fabric.host("far", { port: 22, address: "10.2.0.10/24", vpc: 120, subnet: 220, table: 320 });
  await fabric.internet("192.0.2.80");
  for (const name of ["fire1", "fire2", "peer"]) await forwards(name);
  fabric.group(410, [all]);
  fabric.apply();
});
after(() => fabric.close());
afterEach(() => {
  fabric.tables.routes = base;
  fabric.tables.publics = [];
  fabric.group(410, [all]);
  fabric.apply();
});
const routes = (...more: (typeof base)[number][]): void => { fabric.tables.routes = [...base.filter((b) => !more.some((m) => m.routeTable === b.routeTable && m.address === b.address && m.prefixLength === b.prefixLength)), ...more]; };
const hops = async (from: string, to: string): Promise<number> => 64 - Number(/ttl=(\d+)/.exec((await fabric.run(from, "ping", "-n", "-c", "1", "-W", "1", to)).stdout)?.[1] ?? Number.NaN);

test("a route more specific than local leads between subnets over a firewall, and not inside a subnet", async () => {
  routes(route(300, "10.0.1.0/24", { kind: "port", port: 19 }), route(301, "10.0.0.0/24", { kind: "port", port: 19 }), route(300, "10.0.0.0/24", { kind: "port", port: 19 }));
  fabric.apply();
  assert.equal(await hops("a", "10.0.1.10"), 1, "the answer came over the firewall");
  assert.equal(await hops("a", "10.0.0.11"), 0, "neighbours of a subnet reach each other by themselves");
});

test("two firewalls in a row, each judged by its own groups", async () => {
  routes(route(300, "10.0.1.0/24", { kind: "port", port: 19 }), route(302, "10.0.1.0/24", { kind: "port", port: 20 }));
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 20 ? { ...p, routeTable: 301, groups: [420] } : p));
  fabric.group(420, [rule(ICMP, -1, -1, "10.0.0.10/32")]);
  fabric.apply();
  assert.equal(await fabric.pings("a", "10.0.1.10"), true);
  const [before, first] = [fabric.drops(20, "GROUP_INGRESS"), fabric.drops(19, "GROUP_INGRESS")];
  assert.equal(await fabric.pings("a2", "10.0.1.10"), false);
  assert.deepEqual([fabric.drops(20, "GROUP_INGRESS"), fabric.drops(19, "GROUP_INGRESS")], [before + 1, first], "the second stopped it, the first had let it through");
});

test("a blackhole hides the wider route; without one there is none", async () => {
  routes(route(302, "192.0.2.0/24", { kind: "blackhole" }));
  fabric.public("203.0.113.19", "10.0.2.10", 19);
  fabric.apply();
  assert.equal(await fabric.pings("fire1", "192.0.2.80"), false);
  assert.equal(fabric.drops(19, "BLACKHOLE"), 1);
  assert.equal(await fabric.pings("a", "192.0.2.80"), false);
  assert.equal(fabric.drops(16, "NO_ROUTE"), 1);
});

test("peering: both ways, a group across it, and not transitive", async () => {
  routes(route(300, "10.1.0.0/16", { kind: "peering", vpc: 110 }), route(310, "10.0.0.0/16", { kind: "peering", vpc: 100 }), route(310, "10.2.0.0/16", { kind: "peering", vpc: 120 }), route(320, "10.1.0.0/16", { kind: "peering", vpc: 110 }), route(320, "10.0.0.0/16", { kind: "peering", vpc: 110 }));
  fabric.group(410, [rule(ICMP, -1, -1, 499)]);
  fabric.tables.members = [{ group: 499, address: 0x0a00000a }];
  fabric.apply();
  assert.equal(await fabric.pings("a", "10.1.0.10"), true, "a is a member of the group");
  assert.equal(await fabric.pings("a2", "10.1.0.10"), false);
  assert.equal(fabric.drops(21, "GROUP_INGRESS"), 1);
  assert.equal(await fabric.pings("far", "10.0.0.10"), false, "its table says: over the peer");
  assert.equal(fabric.drops(22, "PEERING"), 1);
  assert.equal(await fabric.pings("a", "10.1.0.99"), false);
  assert.equal(fabric.drops(16, "NO_SUCH_ADDRESS"), 1);
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 21 ? { ...p, sourceDestCheck: false } : p));
  fabric.group(410, [all]);
  fabric.tables.routes = [...fabric.tables.routes, route(300, "10.2.0.0/16", { kind: "peering", vpc: 110 })];
  fabric.apply();
  assert.equal(await fabric.pings("a", "10.2.0.10"), false, "not even through an instance of the peer that would forward");
  assert.equal(fabric.drops(16, "PEERING"), 1);
});

test("what comes in by the internet gateway obeys its own table: over a firewall with a public address", async () => {
  fabric.tables.vpcs = fabric.tables.vpcs.map((v) => (v.vpc === 100 ? { ...v, edgeRouteTable: 330 } : v));
  routes(route(330, "10.0.0.0/16", local), route(330, "10.0.0.0/24", { kind: "port", port: 19 }), route(300, "0.0.0.0/0", { kind: "port", port: 19 }));
  fabric.public("203.0.113.10", "10.0.0.10", 16);
  fabric.apply();
  assert.equal(await fabric.pings("internet", "203.0.113.10"), false);
  assert.equal(fabric.drops(19, "NO_PUBLIC_ADDRESS"), 1, "the firewall itself has none");
  fabric.public("203.0.113.19", "10.0.2.10", 19);
  fabric.apply();
  assert.equal(await hops("internet", "203.0.113.10"), 1, "over the firewall on both ways, or at least back");
  await fabric.run("fire1", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward");
  assert.equal(await fabric.pings("internet", "203.0.113.10"), false);
  await forwards("fire1");
  fabric.tables.vpcs = fabric.tables.vpcs.map((v) => (v.vpc === 100 ? { ...v, edgeRouteTable: 0 } : v));
});

test("two instances of one VPC over their public addresses: out and in again, each by its public one", async () => {
  fabric.public("203.0.113.19", "10.0.2.10", 19);
  fabric.public("203.0.113.20", "10.0.3.10", 20);
  fabric.tables.ports = fabric.tables.ports.map((p) => (p.port === 20 ? { ...p, routeTable: 302, groups: [420] } : p));
  fabric.group(420, [rule(ICMP, -1, -1, "203.0.113.19/32")]);
  fabric.apply();
  assert.equal(await fabric.pings("fire1", "203.0.113.20"), true);
  assert.equal(await fabric.pings("fire1", "10.0.3.10"), false, "by its private address its group does not know it");
});

test("several addresses and interfaces of one instance", async () => {
  await fabric.run("a", "ip", "addr", "add", "10.0.0.12/24", "dev", "eth0");
  assert.equal(await fabric.pings("b", "10.0.0.12"), false, "an address that the guest alone knows of");
  assert.equal(await fabric.pings("a", "10.0.1.10", "-I", "10.0.0.12"), false);
  assert.equal(fabric.drops(16, "SOURCE_CHECK"), 1);
  fabric.tables.addresses = [...fabric.tables.addresses, { vpc: 100, address: 0x0a00000c, port: 16 }];
  fabric.apply();
  assert.equal(await fabric.pings("b", "10.0.0.12"), true);
  assert.equal(await fabric.pings("a", "10.0.1.10", "-I", "10.0.0.12"), true);
  await fabric.interface("a", "eth1", { port: 30, address: "10.0.4.10/24", subnet: 204, table: 301 });
  fabric.apply();
  assert.equal(await fabric.pings("a", "10.0.4.10"), true);
  await fabric.run("a", "ip", "rule", "add", "from", "10.0.4.10", "table", "4");
  await fabric.run("a", "ip", "route", "add", "default", "via", "10.0.4.1", "dev", "eth1", "table", "4");
  assert.equal(await fabric.pings("b", "10.0.4.10"), true, "its second interface, by that one's own route");
});
