// Owns the conversations of network ACLs.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createSubnet } from "../subnet/create-subnet.ts";
import { deleteSubnet } from "../subnet/delete-subnet.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { deleteVpc } from "../vpc/delete-vpc.ts";
import { createNetworkAcl } from "./create-network-acl.ts";
import { createNetworkAclEntry } from "./create-network-acl-entry.ts";
import { deleteNetworkAcl } from "./delete-network-acl.ts";
import { deleteNetworkAclEntry } from "./delete-network-acl-entry.ts";
import { describeNetworkAcls } from "./describe-network-acls.ts";
import { replaceNetworkAclAssociation } from "./replace-network-acl-association.ts";
import { replaceNetworkAclEntry } from "./replace-network-acl-entry.ts";

interface Net { readonly ctx: MemoryContext; readonly vpc: string; readonly subnet: string; readonly standard: string; readonly acl: string }

async function network(quotas: Record<string, number> = {}): Promise<Net> {
  const ctx = memoryContext({ quotas });
  const vpc = (await createVpc({ CidrBlock: "10.0.0.0/16" }, ctx)).Vpc!.VpcId!;
  const subnet = (await createSubnet({ VpcId: vpc, CidrBlock: "10.0.0.0/24" }, ctx)).Subnet!.SubnetId!;
  const standard = (await describeNetworkAcls({}, ctx)).NetworkAcls![0]!.NetworkAclId!;
  const acl = (await createNetworkAcl({ VpcId: vpc, ClientToken: "t", TagSpecifications: [{ ResourceType: "network-acl", Tags: [{ Key: "Name", Value: "mine" }] }] }, ctx)).NetworkAcl!.NetworkAclId!;
  return { ctx, vpc, subnet, standard, acl };
}
const entry = (n: Net, more: object = {}): Parameters<typeof createNetworkAclEntry>[0] =>
  ({ NetworkAclId: n.acl, RuleNumber: 100, Protocol: "6", RuleAction: "allow", Egress: false, CidrBlock: "10.1.2.3/16", PortRange: { From: 80, To: 443 }, ...more });
const found = async (n: Net, Name: string, ...Values: string[]): Promise<string[]> => (await describeNetworkAcls({ Filters: [{ Name, Values }] }, n.ctx)).NetworkAcls!.map((a) => a.NetworkAclId!);

test("a VPC's own ACL lets everything through, a new one nothing", async () => {
  const n = await network();
  const acls = (await describeNetworkAcls({}, n.ctx)).NetworkAcls!;
  const final = { Protocol: "-1", RuleAction: "deny", CidrBlock: "0.0.0.0/0", RuleNumber: 32767, IcmpTypeCode: undefined, PortRange: undefined };
  const allow = { ...final, RuleAction: "allow", RuleNumber: 100 };
  assert.deepEqual(acls[0]!.Entries, [{ ...allow, Egress: true }, { ...final, Egress: true }, { ...allow, Egress: false }, { ...final, Egress: false }]);
  assert.deepEqual(acls[1]!.Entries, [{ ...final, Egress: true }, { ...final, Egress: false }]);
  assert.deepEqual(acls.map((a) => [a.VpcId, a.IsDefault, a.OwnerId]), [[n.vpc, true, "000000000000"], [n.vpc, false, "000000000000"]]);
  assert.deepEqual(acls[0]!.Associations!.map((a) => [a.NetworkAclId, a.SubnetId]), [[n.standard, n.subnet]]);
  assert.deepEqual(acls[1]!.Tags, [{ Key: "Name", Value: "mine" }]);
});

test("entries: in order of direction and number, protocols by name and number, ports and types where they mean something", async () => {
  const n = await network();
  for (const more of [
    { RuleNumber: 200, Protocol: "udp", PortRange: { From: 53, To: 53 }, Egress: true },
    { RuleNumber: 90, Protocol: "icmp", PortRange: undefined, IcmpTypeCode: { Type: 3, Code: 4 } },
    { RuleNumber: 80, Protocol: "1", PortRange: undefined, IcmpTypeCode: { Type: -1, Code: -1 } },
    { RuleNumber: 300, Protocol: "all", RuleAction: "deny" },
    { RuleNumber: 310, Protocol: "47" },
    {},
  ]) await createNetworkAclEntry(entry(n, more), n.ctx);
  const shown = (await describeNetworkAcls({ NetworkAclIds: [n.acl] }, n.ctx)).NetworkAcls![0]!.Entries!;
  assert.deepEqual(shown.map((e) => [e.Egress, e.RuleNumber, e.Protocol, e.RuleAction, e.CidrBlock, e.PortRange, e.IcmpTypeCode]), [
    [true, 200, "17", "allow", "10.1.0.0/16", { From: 53, To: 53 }, undefined],
    [true, 32767, "-1", "deny", "0.0.0.0/0", undefined, undefined],
    [false, 80, "1", "allow", "10.1.0.0/16", undefined, { Type: -1, Code: -1 }],
    [false, 90, "1", "allow", "10.1.0.0/16", undefined, { Type: 3, Code: 4 }],
    [false, 100, "6", "allow", "10.1.0.0/16", { From: 80, To: 443 }, undefined],
    [false, 300, "-1", "deny", "10.1.0.0/16", undefined, undefined],
    [false, 310, "47", "allow", "10.1.0.0/16", undefined, undefined],
    [false, 32767, "-1", "deny", "0.0.0.0/0", undefined, undefined],
  ]);
  for (const [name, value] of [
    ["entry.protocol", "udp"], ["entry.protocol", "17"], ["entry.protocol", "icmp"], ["entry.port-range.from", "80"], ["entry.port-range.to", "443"], ["entry.icmp.type", "3"], ["entry.icmp.code", "4"],
    ["entry.cidr", "10.1.*"], ["entry.rule-number", "310"], ["tag:Name", "mine"], ["tag-key", "Name"], ["default", "false"], ["network-acl-id", n.acl],
  ] as const) assert.deepEqual(await found(n, name, value), [n.acl], name);
  for (const [name, value] of [["entry.egress", "true"], ["entry.rule-action", "deny"], ["vpc-id", n.vpc], ["owner-id", "000000000000"]] as const) assert.deepEqual(await found(n, name, value), [n.standard, n.acl], name);
  for (const [name, value] of [["default", "true"], ["association.subnet-id", n.subnet], ["association.network-acl-id", n.standard], ["association.association-id", "aclassoc-*"]] as const) assert.deepEqual(await found(n, name, value), [n.standard], name);
  assert.deepEqual(await found(n, "entry.ipv6-cidr", "*"), []);
});

test("replace and delete an entry", async () => {
  const n = await network();
  await createNetworkAclEntry(entry(n), n.ctx);
  await replaceNetworkAclEntry(entry(n, { RuleAction: "deny", Protocol: "-1", CidrBlock: "0.0.0.0/0" }), n.ctx);
  const shown = (await describeNetworkAcls({ NetworkAclIds: [n.acl] }, n.ctx)).NetworkAcls![0]!.Entries!.find((e) => e.RuleNumber === 100)!;
  assert.deepEqual([shown.RuleAction, shown.Protocol, shown.CidrBlock, shown.PortRange], ["deny", "-1", "0.0.0.0/0", undefined]);
  await refused(n.ctx, () => replaceNetworkAclEntry(entry(n, { Egress: true }), n.ctx), "InvalidNetworkAclEntry.NotFound", "The network acl entry identified by 100 does not exist.");
  await deleteNetworkAclEntry({ NetworkAclId: n.acl, RuleNumber: 100, Egress: false }, n.ctx);
  await refused(n.ctx, () => deleteNetworkAclEntry({ NetworkAclId: n.acl, RuleNumber: 100, Egress: false }, n.ctx), "InvalidNetworkAclEntry.NotFound", "The network acl entry identified by 100 does not exist.");
  await deleteNetworkAclEntry({ NetworkAclId: n.standard, RuleNumber: 100, Egress: true }, n.ctx); // the default ACL's too
});

test("entries are refused in AWS's words", async () => {
  const n = await network({ "rules-per-network-acl": 1 });
  const rows: [object, string, RegExp | string][] = [
    [{ CidrBlock: undefined }, "MissingParameter", "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided."],
    [{ Ipv6CidrBlock: "::/0" }, "InvalidParameterCombination", /cidrBlock.*ipv6CidrBlock/],
    [{ CidrBlock: undefined, Ipv6CidrBlock: "::/0" }, "UnsupportedOperation", /Ipv6CidrBlock/],
    [{ CidrBlock: "10.0.0.0" }, "InvalidParameterValue", /Value \(10\.0\.0\.0\) for parameter cidrBlock is invalid/],
    [{ RuleNumber: 0 }, "InvalidParameterValue", /Value \(0\) for parameter ruleNumber is invalid/],
    [{ RuleNumber: 32767 }, "InvalidParameterValue", /Value \(32767\) for parameter ruleNumber is invalid/],
    [{ Protocol: "tpc" }, "InvalidParameterValue", "Invalid value 'tpc' for IP protocol. Unknown protocol."],
    [{ Protocol: "256" }, "InvalidParameterValue", "Invalid value '256' for IP protocol. Unknown protocol."],
    [{ PortRange: undefined }, "MissingParameter", "The request must contain the parameter PortRange.From"],
    [{ PortRange: { From: 1 } }, "MissingParameter", "The request must contain the parameter PortRange.To"],
    [{ PortRange: { From: 443, To: 80 } }, "InvalidParameterValue", "Invalid TCP/UDP port range (443:80)"],
    [{ PortRange: { From: 0, To: 65536 } }, "InvalidParameterValue", "Invalid TCP/UDP port range (0:65536)"],
    [{ Protocol: "icmp" }, "MissingParameter", "The request must contain the parameter Icmp.Type"],
    [{ Protocol: "icmp", IcmpTypeCode: { Type: -1, Code: 4 } }, "InvalidParameterValue", "Invalid ICMP type/code (-1/4)"],
    [{ NetworkAclId: "acl-0123" }, "InvalidNetworkAclId.Malformed", 'Invalid id: "acl-0123" (expecting "acl-...")'],
    [{ NetworkAclId: "acl-00000000000000000" }, "InvalidNetworkAclID.NotFound", "The networkAcl ID 'acl-00000000000000000' does not exist"],
  ];
  for (const [more, code, words] of rows) await refused(n.ctx, () => createNetworkAclEntry(entry(n, more), n.ctx), code, words);
  await createNetworkAclEntry(entry(n), n.ctx);
  await refused(n.ctx, () => createNetworkAclEntry(entry(n), n.ctx), "NetworkAclEntryAlreadyExists", "The network acl entry identified by 100 already exists.");
  await refused(n.ctx, () => createNetworkAclEntry(entry(n, { RuleNumber: 101 }), n.ctx), "NetworkAclEntryLimitExceeded", /maximum number/);
  await createNetworkAclEntry(entry(n, { Egress: true }), n.ctx); // the quota is a direction's
});

test("a subnet obeys one ACL: it moves, goes with the subnet, and an ACL in use stays", async () => {
  const n = await network({ "network-acls-per-vpc": 2 });
  await refused(n.ctx, () => createNetworkAcl({ VpcId: n.vpc }, n.ctx), "NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.");
  await refused(n.ctx, () => createNetworkAcl({ VpcId: "vpc-00000000000000000" }, n.ctx), "InvalidVpcID.NotFound");
  const association = (await describeNetworkAcls({ NetworkAclIds: [n.standard] }, n.ctx)).NetworkAcls![0]!.Associations![0]!.NetworkAclAssociationId!;
  const other = (await createVpc({ CidrBlock: "10.9.0.0/16" }, n.ctx)).Vpc!.VpcId!;
  const foreign = (await describeNetworkAcls({ Filters: [{ Name: "vpc-id", Values: [other] }] }, n.ctx)).NetworkAcls![0]!.NetworkAclId!;
  await refused(n.ctx, () => replaceNetworkAclAssociation({ AssociationId: association, NetworkAclId: foreign }, n.ctx), "InvalidParameterValue", `Network ACL ${foreign} and subnet ${n.subnet} belong to different networks`);
  await refused(n.ctx, () => replaceNetworkAclAssociation({ AssociationId: "aclassoc-00000000000000000", NetworkAclId: n.acl }, n.ctx), "InvalidAssociationID.NotFound", "The association ID 'aclassoc-00000000000000000' does not exist");
  await refused(n.ctx, () => replaceNetworkAclAssociation({ AssociationId: association, NetworkAclId: "acl-00000000000000000" }, n.ctx), "InvalidNetworkAclID.NotFound");
  const { NewAssociationId } = await replaceNetworkAclAssociation({ AssociationId: association, NetworkAclId: n.acl }, n.ctx);
  assert.match(NewAssociationId!, /^aclassoc-0[0-9a-f]{16}$/);
  const acls = (await describeNetworkAcls({ NetworkAclIds: [n.standard, n.acl] }, n.ctx)).NetworkAcls!;
  assert.deepEqual(acls.map((a) => a.Associations!.map((x) => [x.NetworkAclAssociationId, x.SubnetId])), [[], [[NewAssociationId, n.subnet]]]);
  await refused(n.ctx, () => deleteNetworkAcl({ NetworkAclId: n.acl }, n.ctx), "DependencyViolation", `The networkAcl '${n.acl}' has dependencies and cannot be deleted.`);
  await refused(n.ctx, () => deleteNetworkAcl({ NetworkAclId: n.standard }, n.ctx), "InvalidParameterValue", `cannot delete default network ACL ${n.standard}`);
  await deleteSubnet({ SubnetId: n.subnet }, n.ctx);
  await refused(n.ctx, () => deleteVpc({ VpcId: n.vpc }, n.ctx), "DependencyViolation", `The vpc '${n.vpc}' has dependencies and cannot be deleted.`);
  await deleteNetworkAcl({ NetworkAclId: n.acl }, n.ctx);
  await refused(n.ctx, () => describeNetworkAcls({ NetworkAclIds: [n.acl] }, n.ctx), "InvalidNetworkAclID.NotFound");
  await deleteVpc({ VpcId: n.vpc }, n.ctx);
  assert.deepEqual(await found(n, "vpc-id", n.vpc), []);
});
