// Owns the conversations of managed prefix lists: versions, sizes, what refers to them.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createInternetGateway } from "../internet-gateway/create-internet-gateway.ts";
import { attachInternetGateway } from "../internet-gateway/attach-internet-gateway.ts";
import { createRoute } from "../route-table/create-route.ts";
import { deleteRoute } from "../route-table/delete-route.ts";
import { describeRouteTables } from "../route-table/describe-route-tables.ts";
import { authorizeSecurityGroupEgress } from "../security-group/authorize-security-group-egress.ts";
import { authorizeSecurityGroupIngress } from "../security-group/authorize-security-group-ingress.ts";
import { createSecurityGroup } from "../security-group/create-security-group.ts";
import { describeSecurityGroups } from "../security-group/describe-security-groups.ts";
import { modifySecurityGroupRules } from "../security-group/modify-security-group-rules.ts";
import { revokeSecurityGroupIngress } from "../security-group/revoke-security-group-ingress.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { createManagedPrefixList } from "./create-managed-prefix-list.ts";
import { deleteManagedPrefixList } from "./delete-managed-prefix-list.ts";
import { describeManagedPrefixLists } from "./describe-managed-prefix-lists.ts";
import { describePrefixLists } from "./describe-prefix-lists.ts";
import { getManagedPrefixListAssociations } from "./get-managed-prefix-list-associations.ts";
import { getManagedPrefixListEntries } from "./get-managed-prefix-list-entries.ts";
import { modifyManagedPrefixList } from "./modify-managed-prefix-list.ts";
import { restoreManagedPrefixListVersion } from "./restore-managed-prefix-list-version.ts";

const create = async (ctx: MemoryContext, more: object = {}): Promise<string> =>
  (await createManagedPrefixList({ PrefixListName: "offices", AddressFamily: "IPv4", MaxEntries: 3, ...more }, ctx)).PrefixList!.PrefixListId!;
const shown = async (ctx: MemoryContext, id: string) => (await describeManagedPrefixLists({ PrefixListIds: [id] }, ctx)).PrefixLists![0]!;
const entries = async (ctx: MemoryContext, PrefixListId: string, TargetVersion?: number) => (await getManagedPrefixListEntries({ PrefixListId, TargetVersion }, ctx)).Entries!.map((e) => [e.Cidr, e.Description]);

test("create, describe, page through the entries", async () => {
  const ctx = memoryContext();
  const answer = (await createManagedPrefixList({
    PrefixListName: "offices", AddressFamily: "IPv4", MaxEntries: 3, Entries: [{ Cidr: "10.1.2.3/16", Description: "north" }, { Cidr: "192.0.2.7/32" }],
    TagSpecifications: [{ ResourceType: "prefix-list", Tags: [{ Key: "Name", Value: "o" }] }],
  }, ctx)).PrefixList!;
  const id = answer.PrefixListId!;
  assert.match(id, /^pl-0[0-9a-f]{16}$/);
  assert.equal(answer.State, "create-in-progress");
  assert.deepEqual(await shown(ctx, id), {
    PrefixListId: id, PrefixListName: "offices", PrefixListArn: `arn:aws:ec2:us-east-1:000000000000:prefix-list/${id}`, AddressFamily: "IPv4", State: "create-complete", StateMessage: undefined,
    MaxEntries: 3, Version: 1, OwnerId: "000000000000", Tags: [{ Key: "Name", Value: "o" }], IpamPrefixListResolverSyncEnabled: false,
  });
  assert.deepEqual(await entries(ctx, id), [["10.1.0.0/16", "north"], ["192.0.2.7/32", undefined]]);
  const first = await getManagedPrefixListEntries({ PrefixListId: id, MaxResults: 1 }, ctx);
  assert.deepEqual((await getManagedPrefixListEntries({ PrefixListId: id, MaxResults: 1, NextToken: first.NextToken }, ctx)).Entries, [{ Cidr: "192.0.2.7/32", Description: undefined }]);
  await create(ctx, { PrefixListName: "six", AddressFamily: "IPv6", Entries: [{ Cidr: "2001:DB8::1/32" }] });
  for (const [Name, value] of [["prefix-list-id", id], ["prefix-list-name", "off*"], ["tag:Name", "o"]] as const)
    assert.deepEqual((await describeManagedPrefixLists({ Filters: [{ Name, Values: [value] }] }, ctx)).PrefixLists!.map((l) => l.PrefixListId), [id], Name);
  const page = await describeManagedPrefixLists({ MaxResults: 1, Filters: [{ Name: "owner-id", Values: ["000000000000"] }] }, ctx);
  const six = (await describeManagedPrefixLists({ MaxResults: 1, NextToken: page.NextToken }, ctx)).PrefixLists![0]!;
  assert.deepEqual([six.AddressFamily, await entries(ctx, six.PrefixListId!)], ["IPv6", [["2001:db8::/32", undefined]]]);
});

test("what cannot be a list is refused", async () => {
  const ctx = memoryContext({ quotas: { "prefix-lists-per-region": 1 } });
  const rows: [object, string, RegExp][] = [
    [{ AddressFamily: "ipv4" }, "InvalidParameterValue", /addressFamily/],
    [{ MaxEntries: 0 }, "InvalidParameterValue", /maxEntries/],
    [{ MaxEntries: 1001 }, "InvalidParameterValue", /maxEntries/],
    [{ PrefixListName: "com.amazonaws.mine" }, "InvalidParameterValue", /cannot start with com\.amazonaws/],
    [{ PrefixListName: "x".repeat(256) }, "InvalidParameterValue", /prefixListName/],
    [{ Entries: [{ Cidr: "10.0.0.0" }] }, "InvalidParameterValue", /not a valid IPv4 CIDR block/],
    [{ Entries: [{ Cidr: "::/0" }] }, "InvalidParameterValue", /not a valid IPv4 CIDR block/],
    [{ Entries: [{}] }, "MissingParameter", /Cidr/],
    [{ Entries: [{ Cidr: "10.0.0.0/8", Description: "x".repeat(256) }] }, "InvalidParameterValue", /Description/],
    [{ Entries: [{ Cidr: "10.0.0.0/8" }, { Cidr: "10.1.0.0/8" }] }, "InvalidParameterValue", /duplicate/],
    [{ MaxEntries: 1, Entries: [{ Cidr: "10.0.0.0/16" }, { Cidr: "10.1.0.0/16" }] }, "PrefixListMaxEntriesExceeded", /maximum number of entries/],
    [{ MaxEntries: 200, Entries: Array.from({ length: 101 }, (_, i) => ({ Cidr: `10.0.${i}.0/24` })) }, "InvalidParameterValue", /more than 100/],
    [{ TagSpecifications: [{ ResourceType: "vpc", Tags: [] }] }, "InvalidParameterValue", /vpc/],
  ];
  for (const [more, code, words] of rows) await refused(ctx, () => create(ctx, more), code, words);
  const id = await create(ctx);
  await refused(ctx, () => create(ctx), "PrefixListLimitExceeded");
  await refused(ctx, () => describeManagedPrefixLists({ PrefixListIds: ["pl-1"] }, ctx), "InvalidPrefixListID.Malformed");
  await refused(ctx, () => describeManagedPrefixLists({ PrefixListIds: ["pl-00000000000000000"] }, ctx), "InvalidPrefixListID.NotFound", "The prefix list ID 'pl-00000000000000000' does not exist");
  await refused(ctx, () => describeManagedPrefixLists({ MaxResults: 101 }, ctx), "InvalidParameterValue");
  assert.deepEqual((await describePrefixLists({}, ctx)).PrefixLists, [], "those of AWS's services alone: a box has none");
  await refused(ctx, () => describePrefixLists({ PrefixListIds: [id] }, ctx), "InvalidPrefixListID.NotFound");
  await refused(ctx, () => describePrefixLists({ Filters: [{ Name: "nothing", Values: ["x"] }] }, ctx), "InvalidParameterValue");
});

test("entries make versions; earlier ones are read and restored", async () => {
  const ctx = memoryContext();
  const id = await create(ctx, { Entries: [{ Cidr: "10.0.0.0/16", Description: "a" }] });
  const change = (more: object) => modifyManagedPrefixList({ PrefixListId: id, CurrentVersion: 1, ...more }, ctx);
  assert.equal((await change({ AddEntries: [{ Cidr: "10.1.0.0/16" }], RemoveEntries: [{ Cidr: "10.0.0.0/16" }] })).PrefixList!.State, "modify-in-progress");
  assert.deepEqual([(await shown(ctx, id)).Version, (await shown(ctx, id)).State], [2, "modify-complete"]);
  assert.deepEqual([await entries(ctx, id), await entries(ctx, id, 1)], [[["10.1.0.0/16", undefined]], [["10.0.0.0/16", "a"]]]);
  await modifyManagedPrefixList({ PrefixListId: id, PrefixListName: "sites", MaxEntries: 4 }, ctx);
  assert.deepEqual([(await shown(ctx, id)).Version, (await shown(ctx, id)).PrefixListName, (await shown(ctx, id)).MaxEntries], [2, "sites", 4], "a name and a size make no version");
  const rows: [object, string, RegExp | string][] = [
    [{ AddEntries: [{ Cidr: "10.2.0.0/16" }] }, "PrefixListVersionMismatch", "The prefix list has the incorrect version number."],
    [{ CurrentVersion: undefined, AddEntries: [{ Cidr: "10.2.0.0/16" }] }, "MissingParameter", /CurrentVersion/],
    [{ CurrentVersion: 2 }, "MissingParameter", /No modifications/],
    [{ CurrentVersion: 2, AddEntries: [{ Cidr: "10.2.0.0/16" }], MaxEntries: 9 }, "InvalidParameterCombination", "You cannot modify the entries and the maximum number of entries for the prefix list in the same request."],
    [{ CurrentVersion: 2, AddEntries: [{ Cidr: "10.1.0.0/16", Description: "d" }] }, "InvalidPrefixListModification", "An entry with the CIDR (10.1.0.0/16) and description (d) already exists."],
    [{ CurrentVersion: 2, RemoveEntries: [{ Cidr: "10.9.0.0/16" }] }, "InvalidPrefixListModification", /does not exist\.$/],
    [{ CurrentVersion: 2, AddEntries: [{ Cidr: "10.1.0.0/16" }], RemoveEntries: [{ Cidr: "10.1.0.0/16" }] }, "InvalidParameterValue", /in both/],
    [{ CurrentVersion: 2, AddEntries: ["2", "3", "4", "5"].map((n) => ({ Cidr: `10.${n}.0.0/16` })) }, "PrefixListMaxEntriesExceeded", /maximum/],
    [{ CurrentVersion: 2, MaxEntries: 0 }, "InvalidParameterValue", /maxEntries/],
    [{ CurrentVersion: 2, IpamPrefixListResolverSyncEnabled: true, PrefixListName: "n" }, "UnsupportedOperation", /Ipam/],
  ];
  for (const [more, code, words] of rows) await refused(ctx, () => change(more), code, words);
  await refused(ctx, () => entries(ctx, id, 9), "InvalidParameterValue", /no version \(9\)/);
  await refused(ctx, () => restoreManagedPrefixListVersion({ PrefixListId: id, PreviousVersion: 1, CurrentVersion: 1 }, ctx), "PrefixListVersionMismatch");
  await refused(ctx, () => restoreManagedPrefixListVersion({ PrefixListId: id, PreviousVersion: 2, CurrentVersion: 2 }, ctx), "InvalidParameterValue");
  assert.equal((await restoreManagedPrefixListVersion({ PrefixListId: id, PreviousVersion: 1, CurrentVersion: 2 }, ctx)).PrefixList!.State, "restore-in-progress");
  assert.deepEqual([(await shown(ctx, id)).Version, (await shown(ctx, id)).State, await entries(ctx, id)], [3, "restore-complete", [["10.0.0.0/16", "a"]]]);
  assert.equal((await deleteManagedPrefixList({ PrefixListId: id }, ctx)).PrefixList!.State, "delete-in-progress");
  await refused(ctx, () => shown(ctx, id), "InvalidPrefixListID.NotFound");
});

test("rules and routes about a list: shown, counted by its size, and in the way of its end", async () => {
  const ctx = memoryContext({ quotas: { "rules-per-security-group": 6, "routes-per-route-table": 6 } });
  const VpcId = (await createVpc({ CidrBlock: "10.0.0.0/16" }, ctx)).Vpc!.VpcId!;
  const GroupId = (await createSecurityGroup({ VpcId, GroupName: "web", Description: "web" }, ctx)).GroupId!;
  const RouteTableId = (await describeRouteTables({}, ctx)).RouteTables![0]!.RouteTableId!;
  const GatewayId = (await createInternetGateway({}, ctx)).InternetGateway!.InternetGatewayId!;
  await attachInternetGateway({ InternetGatewayId: GatewayId, VpcId }, ctx);
  const id = await create(ctx, { MaxEntries: 3 });
  const other = await create(ctx, { MaxEntries: 4 });
  const permission = (PrefixListId: string, port: number) => ({ GroupId, IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, PrefixListIds: [{ PrefixListId, Description: "d" }] }] });

  const [rule] = (await authorizeSecurityGroupIngress(permission(id, 22), ctx)).SecurityGroupRules!;
  assert.deepEqual([rule!.PrefixListId, rule!.Description, rule!.CidrIpv4], [id, "d", undefined]);
  const group = (await describeSecurityGroups({ Filters: [{ Name: "ip-permission.prefix-list-id", Values: [id] }] }, ctx)).SecurityGroups![0]!;
  assert.deepEqual(group.IpPermissions![0]!.PrefixListIds, [{ PrefixListId: id, Description: "d" }]);
  await authorizeSecurityGroupIngress(permission(id, 80), ctx); // 3 + 3
  await refused(ctx, () => authorizeSecurityGroupIngress({ GroupId, IpProtocol: "tcp", FromPort: 81, ToPort: 81, CidrIp: "10.0.0.0/8" }, ctx), "RulesPerSecurityGroupLimitExceeded");
  await authorizeSecurityGroupEgress(permission(other, 80), ctx); // 1 + 4, the other direction
  await refused(ctx, () => authorizeSecurityGroupIngress(permission("pl-00000000000000000", 1), ctx), "InvalidPrefixListId.NotFound", "The prefix list ID 'pl-00000000000000000' does not exist");
  await refused(ctx, () => modifySecurityGroupRules({ GroupId, SecurityGroupRules: [{ SecurityGroupRuleId: rule!.SecurityGroupRuleId!, SecurityGroupRule: { IpProtocol: "tcp", FromPort: 22, ToPort: 22, PrefixListId: other } }] }, ctx), "RulesPerSecurityGroupLimitExceeded");

  await createRoute({ RouteTableId, DestinationPrefixListId: id, GatewayId }, ctx);
  const route = (await describeRouteTables({ Filters: [{ Name: "route.destination-prefix-list-id", Values: [id] }] }, ctx)).RouteTables![0]!.Routes!.at(-1)!;
  assert.deepEqual([route.DestinationPrefixListId, route.DestinationCidrBlock, route.GatewayId, route.State], [id, undefined, GatewayId, "active"]);
  await refused(ctx, () => createRoute({ RouteTableId, DestinationPrefixListId: id, GatewayId }, ctx), "RouteAlreadyExists", `The route identified by ${id} already exists.`);
  await refused(ctx, () => createRoute({ RouteTableId, DestinationPrefixListId: other, GatewayId }, ctx), "RouteLimitExceeded"); // 3 + 4
  await refused(ctx, () => createRoute({ RouteTableId, DestinationPrefixListId: "pl-00000000000000000", GatewayId }, ctx), "InvalidPrefixListID.NotFound");

  assert.deepEqual((await getManagedPrefixListAssociations({ PrefixListId: id }, ctx)).PrefixListAssociations, [{ ResourceId: GroupId, ResourceOwner: "000000000000" }, { ResourceId: RouteTableId, ResourceOwner: "000000000000" }]);
  assert.equal((await modifyManagedPrefixList({ PrefixListId: id, MaxEntries: 4 }, ctx)).PrefixList!.State, "modify-in-progress");
  const kept = await shown(ctx, id);
  assert.deepEqual([kept.State, kept.MaxEntries, kept.StateMessage], ["modify-failed", 3, `The following VPC resources do not have sufficient capacity: ${GroupId}`]);
  await modifyManagedPrefixList({ PrefixListId: id, MaxEntries: 2 }, ctx);
  assert.deepEqual([(await shown(ctx, id)).State, (await shown(ctx, id)).StateMessage], ["modify-complete", undefined]);

  await refused(ctx, () => deleteManagedPrefixList({ PrefixListId: id }, ctx), "DependencyViolation");
  await deleteRoute({ RouteTableId, DestinationPrefixListId: id }, ctx);
  await refused(ctx, () => deleteRoute({ RouteTableId, DestinationPrefixListId: id }, ctx), "InvalidRoute.NotFound", `no route with destination-prefix-list-id ${id} in route table ${RouteTableId}`);
  await revokeSecurityGroupIngress(permission(id, 22), ctx);
  await refused(ctx, () => deleteManagedPrefixList({ PrefixListId: id }, ctx), "DependencyViolation");
  await revokeSecurityGroupIngress(permission(id, 80), ctx);
  await deleteManagedPrefixList({ PrefixListId: id }, ctx);
});
