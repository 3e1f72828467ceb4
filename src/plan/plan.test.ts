// Owns the proof that a plan costs what packets ask for: a group that no plugged interface carries is in no table, an edit of it changes
// none, and it is there, members too, with the interface that takes it.

import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DesiredTables } from "../datapath/tables.ts";
import { ensureRegion } from "../ec2/vpc/default-vpc.ts";
import type { Base, Instance, NetworkInterface, SecurityGroup, SecurityGroupRule } from "../model/records.ts";
import type { Transaction } from "../model/snapshot.ts";
import { Store } from "../store/store.ts";
import { createPlanner, planTables } from "./plan.ts";

const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:01:01" }, services: { name: "vbservices", innerMac: "02:00:00:00:01:02" } };
const rule = (id: string, port: number, remote: Partial<SecurityGroupRule>): SecurityGroupRule => ({ id, isEgress: false, protocol: "tcp", fromPort: port, toPort: port, tags: {}, ...remote });

test("a plan has the groups that plugged interfaces carry, and no edit of another group changes a table", () => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-plan-")), store = new Store(directory), planner = createPlanner(own);
  try {
    store.write((tx) => {
      let ids = 0;
      ensureRegion(tx, "us-east-1", { now: new Date(0), newId: (prefix) => `${prefix}-${++ids}` });
      const base = (id: string): Base => ({ id, region: "us-east-1", index: tx.nextIndex(), tags: {}, createdAt: "" });
      const vpcId = tx.list("vpc")[0]!.id, subnetId = tx.list("subnet")[0]!.id;
      for (const name of ["worn", "named", "idle"]) tx.put("security-group", { ...base(`sg-${name}`), vpcId, name, description: "", rules: [rule(`sgr-${name}`, 80, { cidrIpv4: "10.0.0.0/8" })] });
      tx.put("instance", { ...base("i-1"), state: "running" } as Instance);
      tx.put("network-interface", {
        ...base("eni-1"), vpcId, subnetId, availabilityZone: "us-east-1a", macAddress: "02:00:00:00:00:01", description: "", privateAddresses: [{ address: "172.31.0.10", primary: true }], groupIds: ["sg-worn"], sourceDestCheck: true,
        attachment: { id: "a-1", instanceId: "i-1", deviceIndex: 0, deleteOnTermination: true, attachedAt: "" },
      } satisfies NetworkInterface);
    });
    const edited = (fn: (tx: Transaction) => void): DesiredTables => {
      store.write(fn);
      const tables = planner.tables(store.snapshot());
      assert.deepEqual(tables, planTables(store.snapshot(), own), "as planned anew");
      return tables;
    };
    const group = (tx: Transaction, id: string, change: (g: SecurityGroup) => Partial<SecurityGroup>): void => { const g = tx.get("security-group", id)!; tx.put("security-group", { ...g, ...change(g) }); };
    const numberOf = (id: string): number => store.snapshot().get("security-group", id)!.index;
    const changed = (a: DesiredTables, b: DesiredTables): string[] => Object.keys(a).filter((name) => a[name as keyof DesiredTables] !== b[name as keyof DesiredTables]);

    const first = planner.tables(store.snapshot());
    assert.deepEqual(first.groups.map((g) => g.group), [numberOf("sg-worn")]);
    const idle = edited((tx) => group(tx, "sg-idle", () => ({ rules: [rule("sgr-1", 22, { referencedGroupId: "sg-worn" })] })));
    assert.deepEqual(changed(first, idle), [], "an edit of a group that nobody carries");
    const more = edited((tx) => tx.put("security-group", { ...tx.get("security-group", "sg-idle")!, id: "sg-new", index: tx.nextIndex(), name: "new" }));
    assert.deepEqual(changed(idle, more), [], "a new group");

    const naming = edited((tx) => group(tx, "sg-worn", (g) => ({ rules: [...g.rules, rule("sgr-2", 443, { referencedGroupId: "sg-named" })] })));
    assert.deepEqual(changed(more, naming), ["groups", "members"]);
    const taken = edited((tx) => { const eni = tx.get("network-interface", "eni-1")!; tx.put("network-interface", { ...eni, groupIds: ["sg-worn", "sg-named"] }); });
    assert.deepEqual(taken.groups.map((g) => g.group), [numberOf("sg-worn"), numberOf("sg-named")]);
    assert.deepEqual(taken.members.map((m) => m.group), [numberOf("sg-named")]);
    const stopped = edited((tx) => tx.put("instance", { ...tx.get("instance", "i-1")!, state: "stopped" }));
    assert.deepEqual([stopped.groups, stopped.members], [[], []], "nobody is plugged");
  } finally {
    store.close();
    rmSync(directory, { recursive: true });
  }
});
