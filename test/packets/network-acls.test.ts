// Owns scenes of network ACLs: stateless, numbered, at the edges of subnets and nowhere else (VPC user guide, "Network ACLs").

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { all, entry, ICMP, route, rule, TestFabric, UDP } from "../support/fabric.ts";

let fabric: TestFabric;
const allow = [entry(true, -1, 0, 65535, "0.0.0.0/0")];

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [all]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" })];
  await fabric.host("a", { port: 16, address: "10.0.0.10/24", subnet: 200, acl: 500 });
  await fabric.host("a2", { port: 17, address: "10.0.0.11/24", subnet: 200, acl: 500 });
  await fabric.host("b", { port: 18, address: "10.0.1.10/24", subnet: 201, acl: 501 });
  await fabric.internet("192.0.2.80");
  fabric.public("203.0.113.10", "10.0.0.10", 16);
});
after(() => fabric.close());

const set = (a: readonly [ReturnType<typeof entry>[], ReturnType<typeof entry>[]], b: readonly [ReturnType<typeof entry>[], ReturnType<typeof entry>[]] = [allow, allow]): void => {
  fabric.acl(500, ...a);
  fabric.acl(501, ...b);
  fabric.apply();
};

test("the entry of the lowest number that matches decides; without one the final deny does", async () => {
  set([[entry(false, ICMP, -1, -1, "10.0.1.10/32"), ...allow], allow]);
  assert.equal(await fabric.pings("b", "10.0.0.10"), false);
  assert.equal(fabric.drops(16, "ACL_INGRESS"), 1);
  set([[...allow, entry(false, ICMP, -1, -1, "10.0.1.10/32")], allow]);
  assert.equal(await fabric.pings("b", "10.0.0.10"), true);
  set([[], allow]);
  assert.equal(await fabric.pings("b", "10.0.0.10"), false);
  assert.equal(fabric.drops(16, "ACL_INGRESS"), 2);
});

test("stateless: the answer needs an entry of its own, which counts at the answering side's edge", async () => {
  set([allow, [entry(false, ICMP, 0, -1, "0.0.0.0/0"), ...allow]]);
  const before = fabric.drops(16, "ACL_EGRESS");
  assert.equal(await fabric.pings("b", "10.0.0.10"), false);
  assert.equal(fabric.drops(16, "ACL_EGRESS"), before + 1, "the echo reply was stopped on its way out");
  assert.equal(await fabric.pings("a", "10.0.1.10"), true, "the echo of its own was not");
});

test("inside a subnet there is no ACL", async () => {
  set([[], []]);
  assert.equal(await fabric.pings("a", "10.0.0.11"), true);
  assert.equal(await fabric.pings("a", "10.0.1.10"), false);
});

test("ports of UDP decide", async () => {
  set([allow, allow], [[entry(true, UDP, 53, 60, "10.0.0.0/24")], allow]);
  const [client, low, high] = [fabric.udp("a", 4000), fabric.udp("b", 60), fabric.udp("b", 61)];
  client.send("low", "10.0.1.10", 60);
  client.send("high", "10.0.1.10", 61);
  assert.equal((await low.next())?.text, "low");
  assert.equal(await high.next(200), undefined);
  assert.equal(fabric.drops(18, "ACL_INGRESS"), 1);
});

test("between a subnet and the internet gateway, both ways", async () => {
  set([allow, allow]);
  assert.equal(await fabric.pings("a", "192.0.2.80"), true);
  set([allow, [entry(false, -1, 0, 65535, "192.0.2.0/24"), ...allow]]);
  assert.equal(await fabric.pings("a", "192.0.2.80"), false);
  set([[entry(false, -1, 0, 65535, "192.0.2.0/24"), ...allow], allow]);
  assert.equal(await fabric.pings("a", "192.0.2.80"), false);
  assert.equal(await fabric.pings("internet", "203.0.113.10"), false);
  set([allow, allow]);
  assert.equal(await fabric.pings("internet", "203.0.113.10"), true);
});

test("it stops a flow that the groups track", async () => {
  set([allow, allow]);
  fabric.group(400, [rule(UDP, 7000, 7000, "10.0.0.0/24")]);
  fabric.apply();
  const server = fabric.udp("b", 7000), client = fabric.udp("a", 7001);
  client.send("question", "10.0.1.10", 7000);
  assert.equal((await server.next())?.text, "question");
  server.send("answer", "10.0.0.10", 7001);
  assert.equal((await client.next())?.text, "answer");
  set([[entry(false, UDP, 7001, 7001, "0.0.0.0/0"), ...allow], allow]);
  server.send("answer", "10.0.0.10", 7001);
  assert.equal(await client.next(200), undefined);
});
