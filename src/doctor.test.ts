// Owns the doctor's lines on records alone: which there are for each way out, and at which line a cause stands. On a real box:
// test/e2e/doctor.test.ts.

import { test } from "node:test";
import assert from "node:assert/strict";
import { natFacts, privateFacts } from "../test/support/explained-networks.ts";
import { everything, guideRecords, rule, type Records } from "../test/support/reach-network.ts";
import { diagnose, type Check, type Diagnosis } from "./doctor.ts";

const anywhere = "0.0.0.0/0";
/** The guide's network, with HTTPS let in at the NAT instance. */
const records = (): Records => guideRecords().change("security-group", "sg-nat", { rules: [rule(false, "icmp", -1, "10.0.1.0/24"), rule(false, "tcp", 80, "10.0.1.0/24"), rule(false, "tcp", 443, "10.0.1.0/24"), everything(true)] });
async function diagnosed(r: Records, word: string): Promise<Exclude<Diagnosis, { readonly wrong: string }>> {
  const diagnosis = await diagnose(r.snapshot, word, (id) => Promise.resolve(id === "i-nat" ? natFacts : privateFacts));
  if ("wrong" in diagnosis) throw new Error(diagnosis.wrong);
  return diagnosis;
}
const shown = (checks: readonly Check[]): string[] => checks.map((one) => `${one.check} ${one.state}`);
const ok = (...names: string[]): string[] => names.map((name) => `${name} ok`);
const problem = (checks: readonly Check[]): unknown => checks.filter((one) => one.state !== "ok").map(({ check, problems }) => [check, problems.map(({ code }) => code)]);
const leadTo = (r: Records, target: Parameters<Records["table"]>[2][number][1]): Records => r.table("rtb-main", "vpc-1", [[anywhere, target]], { main: true });

test("through a NAT instance: every line of the guide", async () => {
  const { well, by, checks } = await diagnosed(records(), "i-private");
  assert.deepEqual([well, by.en], [true, "rtb-main, by i-nat"]);
  assert.deepEqual(shown(checks), ok("instance", "route", "nat", "groups", "acls", "check", "forwarding", "translation", "firewall", "gateway", "public-address", "answer", "dns", "target"));
});

test("straight to the internet gateway: nothing is said of a NAT that is not there", async () => {
  const { well, by, checks } = await diagnosed(records(), "i-nat");
  assert.deepEqual([well, by.en], [true, "rtb-public, by igw-1"]);
  assert.deepEqual(shown(checks), ok("instance", "route", "groups", "acls", "firewall", "gateway", "public-address", "answer", "dns", "target"));
  assert.match(checks.find((one) => one.check === "route")!.title.en, /without a NAT/);
  const misled = await diagnosed(leadTo(records(), { kind: "gateway", gatewayId: "igw-1" }), "i-private");
  assert.deepEqual(problem(misled.checks), [["public-address", ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]]]);
});

test("through a NAT gateway: nothing is said of a guest's forwarding", async () => {
  const r = leadTo(records(), { kind: "nat-gateway", natGatewayId: "nat-1" })
    .put("network-interface", { ...records().get("network-interface", "eni-nat"), id: "eni-gateway", privateAddresses: [{ address: "10.0.0.20", primary: true, publicIp: "203.0.113.6" }], groupIds: [], attachment: undefined, requesterManaged: true, macAddress: "02:00:00:00:00:99" })
    .put("natgateway", { id: "nat-1", vpcId: "vpc-1", subnetId: "subnet-public", connectivityType: "public", state: "available", networkInterfaceId: "eni-gateway", addresses: [{ privateIp: "10.0.0.20", publicIp: "203.0.113.6", primary: true }] });
  const { by, checks } = await diagnosed(r, "i-private");
  assert.equal(by.en, "rtb-main, by nat-1");
  assert.deepEqual(shown(checks), ok("instance", "route", "nat", "groups", "acls", "firewall", "gateway", "public-address", "answer", "dns", "target"));
});

test("what nothing mends hides the lines behind it", async () => {
  const r = leadTo(records(), { kind: "interface", networkInterfaceId: "eni-gone" }).remove("internet-gateway", "igw-1").change("instance", "i-nat", { state: "stopped" });
  const { checks } = await diagnosed(r, "i-private");
  assert.deepEqual(checks.flatMap((one) => one.problems.map(({ code, mend }) => [one.check, code, mend])), [["route", "BAD_STATE_ROUTE", ""]]);
  assert.deepEqual(shown(checks), ["instance ok", "route problem", "nat unknown", "groups unknown", "acls unknown", "check unknown", "forwarding unknown", "translation unknown", "firewall unknown", "gateway unknown", "public-address unknown", "answer unknown", "dns ok", "target unknown"]);
});

test("what several packets meet is said once, and their mends do not get in each other's way", async () => {
  const r = records();
  r.change("network-acl", "acl-private", { entries: [{ ruleNumber: 50, egress: true, protocol: "-1", action: "deny", cidrBlock: anywhere }, ...r.get("network-acl", "acl-private").entries] });
  r.change("network-interface", "eni-nat", { sourceDestCheck: true });
  const { checks } = await diagnosed(r, "i-private");
  assert.deepEqual(problem(checks), [["acls", Array.from({ length: 3 }, () => "SUBNET_ACL_RESTRICTION")], ["check", ["ENI_SOURCE_DEST_CHECK_RESTRICTION"]]]);
  assert.deepEqual(checks.find((one) => one.check === "acls")!.problems.map(({ mend }) => /--rule-number (\d+) --protocol (\w+)/.exec(mend)!.slice(1)), [["49", "icmp"], ["48", "tcp"], ["47", "tcp"]]);
});
