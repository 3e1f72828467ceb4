// Owns how many connections a NAT gateway carries (VPC user guide, "NAT gateway basics"): the program itself on 55,000 flows and more.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { all, ip, route, TestFabric } from "../support/fabric.ts";
import { frame, read } from "../support/frames.ts";

let fabric: TestFabric;
const GATE = 50, MAC = "02:00:00:00:00:10", REDIRECT = 7;

before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.group(400, [], [all]);
  fabric.tables.routes = [route(300, "0.0.0.0/0", { kind: "port", port: GATE }), route(301, "0.0.0.0/0", { kind: "internet" })];
  await fabric.host("private", { port: 16, address: "10.0.1.10/24", subnet: 201, table: 300 });
  await fabric.internet("192.0.2.80");
  fabric.nat(GATE, "public", ["10.0.0.5"], { subnet: 200, table: 301 });
  fabric.public("203.0.113.50", "10.0.0.5", GATE);
  fabric.apply();
});
after(() => fabric.close());

/** UDP from so many ports of the private host to one destination: what came out of the gateway. */
const begin = (to: string, dport: number, count: number) => {
  const frames = function* (): Generator<Uint8Array> { for (let sport = 1; sport <= count; sport++) yield frame({ from: "10.0.1.10", to, sport, dport, sourceMac: MAC }); };
  return fabric.testEach(16, frames()).filter(({ verdict }) => verdict === REDIRECT).map(({ packet }) => read(packet));
};

test("55,000 to one destination and not one more: ErrorPortAllocation; another destination has its own", () => {
  const passed = begin("192.0.2.90", 53, 56_000);
  assert.equal(passed.length, 55_000);
  assert.equal(new Set(passed.map((p) => p.sport)).size, 55_000, "each has a port of its own");
  assert.ok(passed.every((p) => p.good && p.from === "203.0.113.50" && p.sport >= 1024));
  assert.equal(fabric.drops(GATE, "NAT_PORTS"), 1000);
  assert.equal(fabric.metric(GATE, "ErrorPortAllocation"), 1000);
  assert.equal(begin("192.0.2.90", 54, 10).length, 10, "another port is another destination");
  assert.equal(begin("192.0.2.91", 53, 10).length, 10);
  assert.equal(begin("192.0.2.90", 53, 10).length, 10, "those that are there go on");
});

test("a second address carries 55,000 more", () => {
  fabric.tables.nats = [{ ...fabric.tables.nats[0]!, addresses: [ip("10.0.0.5"), ip("10.0.0.6")] }];
  fabric.tables.addresses = [...fabric.tables.addresses, { vpc: 100, address: ip("10.0.0.6"), port: GATE }];
  fabric.public("203.0.113.51", "10.0.0.6", GATE);
  fabric.apply();
  const passed = begin("192.0.2.90", 53, 57_000).slice(55_000);
  assert.equal(passed.length, 2000);
  assert.ok(passed.every((p) => p.from === "203.0.113.51"));
});
