// Owns scenes of protocols other than TCP, UDP and ICMP, by their numbers, with raw sockets: ESP, GRE, SCTP and one that nobody has. Rules and ACL entries
// name them by number; the internet gateway translates their addresses, a NAT gateway takes none of them.

import { after, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { formatIp } from "../../src/lib/ip.ts";
import { until } from "../support/box.ts";
import { all, entry, ip, route, rule, TestFabric } from "../support/fabric.ts";
import { ProtocolSocket } from "../support/raw-sockets.ts";

const GRE = 47, ESP = 50, SCTP = 132, NOBODYS = 253, A = "10.0.0.10", B = "10.0.1.10", PUBLIC = "203.0.113.10", WEB = "192.0.2.80", GATE = 50;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"], { internetGateway: true });
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" }), route(300, "0.0.0.0/0", { kind: "internet" }), route(301, "10.0.0.0/16", { kind: "local" }), route(301, "0.0.0.0/0", { kind: "port", port: GATE })];
  await fabric.host("a", { port: 16, address: `${A}/24`, subnet: 200 });
  await fabric.host("b", { port: 17, address: `${B}/24`, subnet: 201, table: 301, groups: [401], acl: 500 });
  await fabric.internet(WEB);
  fabric.public(PUBLIC, A, 16);
  fabric.nat(GATE, "public", ["10.0.2.5"], { subnet: 202, table: 300 });
  fabric.public("203.0.113.50", "10.0.2.5", GATE);
});
after(() => fabric.close());
const open = entry(true, -1, 0, 65535, "0.0.0.0/0");
beforeEach(() => {
  fabric.group(400, [all], [all]);
  fabric.group(401, [all], [all]);
  fabric.acl(500, [open], [open]);
  fabric.forgetFlows();
});

const own: Readonly<Record<string, string>> = { a: A, b: B, internet: WEB };
const dropped = (): Map<string, number> => new Map(fabric.datapath.drops().filter((d) => d.reason !== "UNSUPPORTED_PROTOCOL").map((d) => [`${d.reason} at ${d.port}`, d.packets])); // IPv6 of the namespaces' own
/** Sends one packet of a protocol. Answers from whom it was heard, or which drop was counted. */
async function send(protocol: number, from: string, to: string, address: string): Promise<string> {
  const [sender, hearer] = [from, to].map((host) => new ProtocolSocket(fabric.path(host), protocol, ip(own[host]!))) as [ProtocolSocket, ProtocolSocket];
  try {
    const before = dropped();
    sender.sendTo(Buffer.from("what it carries"), ip(address));
    return await until(`protocol ${protocol} from ${from} to ${to}`, async () => {
      const heard = hearer.receive();
      if (heard) assert.equal(heard.data.subarray((heard.data[0]! & 15) * 4).toString(), "what it carries");
      return heard ? formatIp(heard.address) : [...dropped()].find(([what, packets]) => packets > (before.get(what) ?? 0))?.[0];
    });
  } finally {
    sender.close();
    hearer.close();
  }
}

for (const [name, protocol, other] of [["GRE", GRE, ESP], ["ESP", ESP, GRE], ["SCTP", SCTP, ESP], ["253", NOBODYS, 254]] as const) {
  test(`${name}: a group lets it in by its number, and no other; its answer goes back`, async () => {
    fabric.group(400, [], [all]);
    fabric.group(401, [rule(protocol, 0, 65535, "10.0.0.0/24")], []);
    fabric.apply();
    assert.equal(await send(protocol, "b", "a", A), "GROUP_EGRESS at 17", "unasked");
    assert.equal(await send(other, "a", "b", B), "GROUP_INGRESS at 17");
    assert.equal(await send(protocol, "a", "b", B), A);
    assert.equal(await send(protocol, "b", "a", A), B, "the answer");
    assert.equal(await send(other, "b", "a", A), "GROUP_EGRESS at 17", "an answer to what did not come");
  });

  test(`${name}: an ACL's entry denies it by its number, and no other`, async () => {
    fabric.acl(500, [entry(false, protocol, 0, 65535, "0.0.0.0/0"), open], [open]);
    fabric.apply();
    assert.equal(await send(protocol, "a", "b", B), "ACL_INGRESS at 17");
    assert.equal(await send(other, "a", "b", B), A);
  });

  test(`${name}: over the internet gateway as the public address, both ways; not through a NAT gateway`, async () => {
    assert.equal(await send(protocol, "a", "internet", WEB), PUBLIC);
    assert.equal(await send(protocol, "internet", "a", PUBLIC), WEB);
    assert.equal(await send(protocol, "b", "internet", WEB), `NAT_PROTOCOL at ${GATE}`);
  });
}
