// Owns the rules by which an address finds its route.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext } from "../../test/support/memory-context.ts";
import { parseIp } from "../lib/ip.ts";
import { destinationBlocks, longestMatch } from "./routing.ts";
import { endPeeringsOf, forgetPeerings, peeringStatus } from "./peering.ts";
import type { Route, VpcPeeringConnection } from "./records.ts";

const gateway = (destination: string, gatewayId: string): Route => ({ destination, target: { kind: "gateway", gatewayId }, origin: "CreateRoute" });

test("longest prefix, a CIDR before a prefix list of one length, the earlier of two lists", () => {
  const ctx = memoryContext();
  const list = (id: string, ...cidrs: string[]): string => ctx.write((tx) => {
    tx.put("prefix-list", {
      id, region: "us-east-1", index: tx.nextIndex(), tags: {}, createdAt: "", name: id, addressFamily: "IPv4", maxEntries: 5, version: 2,
      versions: [{ version: 1, entries: [{ cidr: "0.0.0.0/0" }] }, { version: 2, entries: cidrs.map((cidr) => ({ cidr })) }],
    });
    return id;
  });
  const one = list("pl-00000000000000001", "10.1.0.0/16", "192.0.2.7/32");
  const two = list("pl-00000000000000002", "10.1.0.0/16", "10.2.0.0/16");
  const routes = [gateway("0.0.0.0/0", "wide"), gateway(one, "one"), gateway(two, "two"), gateway("10.2.0.0/16", "cidr"), gateway("2001:db8::/32", "six")];
  const to = (ip: string): string | undefined => {
    const target = longestMatch(ctx.snapshot(), routes, parseIp(ip)!)?.target;
    return target?.kind === "gateway" ? target.gatewayId : undefined;
  };
  assert.deepEqual(["9.9.9.9", "10.1.2.3", "10.2.2.3", "192.0.2.7"].map(to), ["wide", "one", "cidr", "one"], "version 1 counts no longer");
  assert.equal(longestMatch(ctx.snapshot(), [routes[1]!], parseIp("9.9.9.9")!), undefined);
  assert.deepEqual(destinationBlocks(ctx.snapshot(), "pl-0000000000000000f"), [], "a list that is gone leads nowhere");
  assert.deepEqual(destinationBlocks(ctx.snapshot(), "2001:db8::/32"), []);
});

test("a request expires after its time, an ended connection is forgotten after its", () => {
  const ctx = memoryContext();
  const now = ctx.now();
  const after = (hours: number): Date => new Date(now.getTime() + hours * 3_600_000);
  const side = (vpcId: string): VpcPeeringConnection["requester"] => ({ vpcId, region: "us-east-1", ownerId: "000000000000", allowDnsResolution: false });
  const pending: VpcPeeringConnection = {
    id: "pcx-00000000000000001", region: "us-east-1", index: 1, tags: {}, createdAt: now.toISOString(), requester: side("vpc-1"), accepter: side("vpc-2"),
    status: "pending-acceptance", statusMessage: "Pending Acceptance by 000000000000", expiresAt: after(168).toISOString(),
  };
  assert.deepEqual([peeringStatus(pending, after(167)).code, peeringStatus(pending, after(168)).code], ["pending-acceptance", "expired"]);
  ctx.write((tx) => { tx.put("vpc-peering-connection", pending); });
  const forgotten = (at: Date): number => ctx.write((tx) => forgetPeerings(tx, at));
  assert.deepEqual([forgotten(after(168 + 47)), forgotten(after(168 + 48))], [0, 1]);
  ctx.write((tx) => { tx.put("vpc-peering-connection", pending); endPeeringsOf(tx, "vpc-2", now); });
  assert.equal(ctx.snapshot().get("vpc-peering-connection", pending.id)!.status, "deleted");
  assert.deepEqual([forgotten(after(1)), forgotten(after(2))], [0, 1]);
});
