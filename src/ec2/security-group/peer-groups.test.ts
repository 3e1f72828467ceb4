// Owns the conversations of rules about groups of a peer VPC: made over an active peering alone, stale when the way or the group goes.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { acceptVpcPeeringConnection } from "../vpc-peering-connection/accept-vpc-peering-connection.ts";
import { createVpcPeeringConnection } from "../vpc-peering-connection/create-vpc-peering-connection.ts";
import { deleteVpcPeeringConnection } from "../vpc-peering-connection/delete-vpc-peering-connection.ts";
import { authorizeSecurityGroupEgress } from "./authorize-security-group-egress.ts";
import { authorizeSecurityGroupIngress } from "./authorize-security-group-ingress.ts";
import { createSecurityGroup } from "./create-security-group.ts";
import { deleteSecurityGroup } from "./delete-security-group.ts";
import { describeSecurityGroupReferences } from "./describe-security-group-references.ts";
import { describeSecurityGroups } from "./describe-security-groups.ts";
import { describeStaleSecurityGroups } from "./describe-stale-security-groups.ts";
import { revokeSecurityGroupIngress } from "./revoke-security-group-ingress.ts";
import { updateSecurityGroupRuleDescriptionsIngress } from "./update-security-group-rule-descriptions-ingress.ts";

interface Net { readonly ctx: MemoryContext; readonly here: string; readonly there: string; readonly web: string; readonly db: string; readonly peering: string }

async function network(): Promise<Net> {
  const ctx = memoryContext();
  const [here, there] = [(await createVpc({ CidrBlock: "10.0.0.0/16" }, ctx)).Vpc!.VpcId!, (await createVpc({ CidrBlock: "10.1.0.0/16" }, ctx)).Vpc!.VpcId!];
  const group = async (VpcId: string, GroupName: string): Promise<string> => (await createSecurityGroup({ VpcId, GroupName, Description: GroupName }, ctx)).GroupId!;
  const peering = (await createVpcPeeringConnection({ VpcId: here, PeerVpcId: there }, ctx)).VpcPeeringConnection!.VpcPeeringConnectionId!;
  return { ctx, here, there, web: await group(here, "web"), db: await group(there, "db"), peering };
}
const from = (n: Net, more: object = {}, port = 22) => ({ GroupId: n.web, IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, UserIdGroupPairs: [{ GroupId: n.db, ...more }] }] });
const pairs = async (n: Net) => (await describeSecurityGroups({ GroupIds: [n.web] }, n.ctx)).SecurityGroups![0]!.IpPermissions!.flatMap((p) => p.UserIdGroupPairs!);
const different = "You have specified two resources that belong to different networks.";

test("a peer's group needs an active peering, and shows it", async () => {
  const n = await network();
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n), n.ctx), "InvalidGroup.NotFound", different);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: n.peering }, n.ctx);
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n, { VpcId: n.here }), n.ctx), "InvalidGroup.NotFound", `The security group '${n.db}' does not exist`);
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n, { VpcPeeringConnectionId: "pcx-00000000000000000" }), n.ctx), "InvalidVpcPeeringConnectionID.NotFound");
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n, { UserId: "111122223333" }), n.ctx), "InvalidGroup.NotFound");
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n, { GroupId: undefined, GroupName: "db" }), n.ctx), "InvalidGroup.NotFound");
  const where = { VpcId: n.there, VpcPeeringConnectionId: n.peering, PeeringStatus: "active" };
  const [rule] = (await authorizeSecurityGroupIngress(from(n, { UserId: "000000000000", VpcId: n.there, VpcPeeringConnectionId: n.peering, Description: "over there" }), n.ctx)).SecurityGroupRules!;
  assert.deepEqual(rule!.ReferencedGroupInfo, { GroupId: n.db, UserId: "000000000000", ...where });
  assert.deepEqual(await pairs(n), [{ GroupId: n.db, UserId: "000000000000", Description: "over there", ...where }]);
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n), n.ctx), "InvalidPermission.Duplicate");
  assert.deepEqual((await describeSecurityGroupReferences({ GroupId: [n.db, n.web] }, n.ctx)).SecurityGroupReferenceSet, [{ GroupId: n.db, ReferencingVpcId: n.here, VpcPeeringConnectionId: n.peering }]);
  await refused(n.ctx, () => describeSecurityGroupReferences({ GroupId: ["sg-00000000000000000"] }, n.ctx), "InvalidGroup.NotFound");
  assert.deepEqual((await describeStaleSecurityGroups({ VpcId: n.here }, n.ctx)).StaleSecurityGroupSet, []);
  await refused(n.ctx, () => describeStaleSecurityGroups({ VpcId: "vpc-00000000000000000" }, n.ctx), "InvalidVpcID.NotFound");
});

test("a rule is stale when the peering has gone: it stays, says so, and can be described and taken out", async () => {
  const n = await network();
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: n.peering }, n.ctx);
  await authorizeSecurityGroupIngress(from(n), n.ctx);
  await authorizeSecurityGroupEgress({ GroupId: n.web, IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: n.db }] }] }, n.ctx);
  await deleteVpcPeeringConnection({ VpcPeeringConnectionId: n.peering }, n.ctx);
  const pair = { GroupId: n.db, UserId: "000000000000", Description: undefined, PeeringStatus: "deleted", VpcId: n.there, VpcPeeringConnectionId: n.peering };
  assert.deepEqual(await pairs(n), [pair]);
  assert.deepEqual((await describeStaleSecurityGroups({ VpcId: n.here }, n.ctx)).StaleSecurityGroupSet, [{
    GroupId: n.web, GroupName: "web", Description: "web", VpcId: n.here,
    StaleIpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [], PrefixListIds: [], UserIdGroupPairs: [pair] }],
    StaleIpPermissionsEgress: [{ IpProtocol: "-1", FromPort: undefined, ToPort: undefined, IpRanges: [], PrefixListIds: [], UserIdGroupPairs: [pair] }],
  }]);
  assert.deepEqual((await describeSecurityGroupReferences({ GroupId: [n.db] }, n.ctx)).SecurityGroupReferenceSet, []);
  await refused(n.ctx, () => authorizeSecurityGroupIngress(from(n, {}, 23), n.ctx), "InvalidGroup.NotFound", different);
  await updateSecurityGroupRuleDescriptionsIngress(from(n, { Description: "old" }), n.ctx);
  assert.equal((await pairs(n))[0]!.Description, "old");
  await revokeSecurityGroupIngress(from(n), n.ctx);
  assert.deepEqual(await pairs(n), []);
});

test("a group that only peers refer to may go: their rules are stale", async () => {
  const n = await network();
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: n.peering }, n.ctx);
  await authorizeSecurityGroupIngress(from(n), n.ctx);
  const sibling = (await createSecurityGroup({ VpcId: n.there, GroupName: "sibling", Description: "s" }, n.ctx)).GroupId!;
  await authorizeSecurityGroupIngress({ GroupId: sibling, IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: n.db }] }] }, n.ctx);
  await refused(n.ctx, () => deleteSecurityGroup({ GroupId: n.db }, n.ctx), "DependencyViolation", `resource ${n.db} has a dependent object`);
  await deleteSecurityGroup({ GroupId: sibling }, n.ctx);
  await deleteSecurityGroup({ GroupId: n.db }, n.ctx);
  assert.equal((await describeStaleSecurityGroups({ VpcId: n.here }, n.ctx)).StaleSecurityGroupSet!.length, 1);
  await revokeSecurityGroupIngress(from(n), n.ctx);
  assert.deepEqual((await describeStaleSecurityGroups({ VpcId: n.here }, n.ctx)).StaleSecurityGroupSet, []);
});
