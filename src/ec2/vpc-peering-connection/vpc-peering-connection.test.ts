// Owns the conversations of VPC peering connections, within a region and between two.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createTags } from "../tag/create-tags.ts";
import { associateVpcCidrBlock } from "../vpc/associate-vpc-cidr-block.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { deleteVpc } from "../vpc/delete-vpc.ts";
import { modifyVpcAttribute } from "../vpc/modify-vpc-attribute.ts";
import { acceptVpcPeeringConnection } from "./accept-vpc-peering-connection.ts";
import { createVpcPeeringConnection } from "./create-vpc-peering-connection.ts";
import { deleteVpcPeeringConnection } from "./delete-vpc-peering-connection.ts";
import { describeVpcPeeringConnections } from "./describe-vpc-peering-connections.ts";
import { modifyVpcPeeringConnectionOptions } from "./modify-vpc-peering-connection-options.ts";
import { rejectVpcPeeringConnection } from "./reject-vpc-peering-connection.ts";

const DAY_MS = 86_400_000;
const vpcOf = async (ctx: MemoryContext, CidrBlock: string): Promise<string> => (await createVpc({ CidrBlock }, ctx)).Vpc!.VpcId!;
const request = async (ctx: MemoryContext, VpcId: string, PeerVpcId: string, more: object = {}): Promise<string> =>
  (await createVpcPeeringConnection({ VpcId, PeerVpcId, ...more }, ctx)).VpcPeeringConnection!.VpcPeeringConnectionId!;
const shown = async (ctx: MemoryContext, id: string) => (await describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] }, ctx)).VpcPeeringConnections![0]!;
const status = async (ctx: MemoryContext, id: string): Promise<string | undefined> => (await shown(ctx, id)).Status!.Code;

test("request, accept, describe with every filter, delete", async () => {
  const ctx = memoryContext();
  const [a, b, c] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16"), await vpcOf(ctx, "10.2.0.0/16")];
  await associateVpcCidrBlock({ VpcId: b, CidrBlock: "10.3.0.0/16" }, ctx);
  const answer = (await createVpcPeeringConnection({ VpcId: a, PeerVpcId: b, TagSpecifications: [{ ResourceType: "vpc-peering-connection", Tags: [{ Key: "Name", Value: "ab" }] }] }, ctx)).VpcPeeringConnection!;
  const id = answer.VpcPeeringConnectionId!;
  assert.match(id, /^pcx-0[0-9a-f]{16}$/);
  assert.deepEqual(answer.Status, { Code: "initiating-request", Message: "Initiating Request to 000000000000" });
  const options = { AllowDnsResolutionFromRemoteVpc: false, AllowEgressFromLocalClassicLinkToRemoteVpc: false, AllowEgressFromLocalVpcToRemoteClassicLink: false };
  const pending = await shown(ctx, id);
  assert.deepEqual(pending, {
    VpcPeeringConnectionId: id,
    RequesterVpcInfo: { VpcId: a, OwnerId: "000000000000", Region: "us-east-1", CidrBlock: "10.0.0.0/16", CidrBlockSet: [{ CidrBlock: "10.0.0.0/16" }], PeeringOptions: options },
    AccepterVpcInfo: { VpcId: b, OwnerId: "000000000000", Region: "us-east-1", CidrBlock: undefined, CidrBlockSet: undefined, PeeringOptions: undefined },
    Status: { Code: "pending-acceptance", Message: "Pending Acceptance by 000000000000" },
    ExpirationTime: new Date(ctx.now().getTime() + 7 * DAY_MS), Tags: [{ Key: "Name", Value: "ab" }],
  });
  assert.equal(await request(ctx, a, b), id, "the same request is the same connection");
  assert.equal((await acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx)).VpcPeeringConnection!.Status!.Code, "provisioning");
  const active = await shown(ctx, id);
  assert.deepEqual([active.Status, active.ExpirationTime], [{ Code: "active", Message: "Active" }, undefined]);
  assert.deepEqual(active.AccepterVpcInfo, { VpcId: b, OwnerId: "000000000000", Region: "us-east-1", CidrBlock: "10.1.0.0/16", CidrBlockSet: [{ CidrBlock: "10.1.0.0/16" }, { CidrBlock: "10.3.0.0/16" }], PeeringOptions: options });
  await request(ctx, a, c);
  for (const [Name, value] of [
    ["accepter-vpc-info.cidr-block", "10.3.0.0/16"], ["accepter-vpc-info.vpc-id", b], ["status-code", "active"], ["status-message", "Act*"], ["tag:Name", "ab"], ["tag-key", "Name"], ["vpc-peering-connection-id", id],
  ] as const) assert.deepEqual((await describeVpcPeeringConnections({ Filters: [{ Name, Values: [value] }] }, ctx)).VpcPeeringConnections!.map((p) => p.VpcPeeringConnectionId), [id], Name);
  for (const [Name, value] of [["requester-vpc-info.vpc-id", a], ["requester-vpc-info.cidr-block", "10.0.0.0/16"], ["requester-vpc-info.owner-id", "000000000000"], ["accepter-vpc-info.owner-id", "*"]] as const)
    assert.equal((await describeVpcPeeringConnections({ Filters: [{ Name, Values: [value] }] }, ctx)).VpcPeeringConnections!.length, 2, Name);
  assert.equal((await describeVpcPeeringConnections({ Filters: [{ Name: "expiration-time", Values: ["2026-*"] }] }, ctx)).VpcPeeringConnections!.length, 1);
  assert.deepEqual(await deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx), { Return: true });
  const deleted = await shown(ctx, id);
  assert.deepEqual([deleted.Status, deleted.RequesterVpcInfo!.CidrBlock, deleted.AccepterVpcInfo!.CidrBlock], [{ Code: "deleted", Message: "Deleted by 000000000000" }, undefined, undefined]);
});

test("what cannot be peered has failed: unknown, another account's, another region's, overlapping, itself", async () => {
  const ctx = memoryContext();
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16")];
  const overlapping = await vpcOf(ctx, "10.0.128.0/20");
  for (const [peer, more] of [["vpc-00000000000000000", {}], [b, { PeerOwnerId: "111122223333" }], [b, { PeerRegion: "eu-west-1" }], [overlapping, {}], [a, {}]] as const) {
    const id = await request(ctx, a, peer, more);
    assert.deepEqual((await shown(ctx, id)).Status, { Code: "failed", Message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range" }, peer);
    await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, { ...ctx, region: "PeerRegion" in more ? "eu-west-1" : "us-east-1" }), "InvalidStateTransition", `Invalid state transition for ${id}, attempted to transition from failed to provisioning`);
    await refused(ctx, () => deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx), "InvalidStateTransition", `Invalid state transition for ${id}, attempted to transition from failed to deleting`);
  }
  await refused(ctx, () => request(ctx, a, ""), "MissingParameter", "The request must contain the parameter peerVpcId");
  await refused(ctx, () => request(ctx, a, "b"), "InvalidVpcID.Malformed");
  await refused(ctx, () => request(ctx, "vpc-00000000000000000", b), "InvalidVpcID.NotFound");
  await refused(ctx, () => request(ctx, a, b, { PeerRegion: "xx-east-1" }), "InvalidParameterValue", /xx-east-1/);
  await refused(ctx, () => request(ctx, a, b, { PeerOwnerId: "me" }), "InvalidParameterValue", /peerOwnerId/);
});

test("a request is rejected, expires, is withdrawn; nothing comes back from there", async () => {
  const ctx = memoryContext();
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16")];
  const rejected = await request(ctx, a, b);
  assert.deepEqual(await rejectVpcPeeringConnection({ VpcPeeringConnectionId: rejected }, ctx), { Return: true });
  assert.deepEqual((await shown(ctx, rejected)).Status, { Code: "rejected", Message: "Rejected by 000000000000" });
  const late = await request(ctx, a, b);
  assert.notEqual(late, rejected);
  ctx.advance(7 * DAY_MS);
  assert.deepEqual((await shown(ctx, late)).Status, { Code: "expired", Message: "Expired" });
  await refused(ctx, () => rejectVpcPeeringConnection({ VpcPeeringConnectionId: late }, ctx), "InvalidStateTransition", `Invalid state transition for ${late}, attempted to transition from expired to rejected`);
  const withdrawn = await request(ctx, a, b);
  assert.notEqual(withdrawn, late, "an expired request is not the same one any more");
  await deleteVpcPeeringConnection({ VpcPeeringConnectionId: withdrawn }, ctx);
  for (const call of [acceptVpcPeeringConnection, rejectVpcPeeringConnection, deleteVpcPeeringConnection])
    for (const id of [rejected, late, withdrawn]) await refused(ctx, () => call({ VpcPeeringConnectionId: id }, ctx), "InvalidStateTransition");
  await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: "pcx-00000000000000000" }, ctx), "InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID 'pcx-00000000000000000' does not exist");
  await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: "pcx-1" }, ctx), "InvalidVpcPeeringConnectionId.Malformed");
});

test("one connection between two VPCs: the second of two requests is refused when it is accepted", async () => {
  const ctx = memoryContext();
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16")];
  const [ab, ba] = [await request(ctx, a, b), await request(ctx, b, a)];
  assert.notEqual(ab, ba);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: ab }, ctx);
  await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: ba }, ctx), "VpcPeeringConnectionAlreadyExists", new RegExp(ab));
  await refused(ctx, () => request(ctx, b, a), "VpcPeeringConnectionAlreadyExists");
  await refused(ctx, () => associateVpcCidrBlock({ VpcId: a, CidrBlock: "10.1.128.0/20" }, ctx), "InvalidVpc.Range", /conflicts with the CIDR block 10\.1\.0\.0\/16 of the peered VPC/);
});

test("a block that came since the request lets the acceptance fail", async () => {
  const ctx = memoryContext();
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16")];
  const id = await request(ctx, a, b);
  await associateVpcCidrBlock({ VpcId: b, CidrBlock: "10.0.64.0/20" }, ctx);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx);
  assert.equal(await status(ctx, id), "failed");
});

test("quotas: outstanding requests of a VPC, active connections of either", async () => {
  const ctx = memoryContext({ quotas: { "outstanding-peering-requests-per-vpc": 1, "peerings-per-vpc": 1 } });
  const [a, b, c] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16"), await vpcOf(ctx, "10.2.0.0/16")];
  const ab = await request(ctx, a, b);
  await refused(ctx, () => request(ctx, a, c), "OutstandingVpcPeeringConnectionLimitExceeded");
  const cb = await request(ctx, c, b);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: ab }, ctx);
  await refused(ctx, () => request(ctx, a, c), "VpcPeeringConnectionsPerVpcLimitExceeded");
  await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: cb }, ctx), "VpcPeeringConnectionsPerVpcLimitExceeded");
});

test("two regions: both see it, the accepter's answers, each changes its own side", async () => {
  const ctx = memoryContext();
  const far: MemoryContext = { ...ctx, region: "eu-west-1" };
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(far, "10.1.0.0/16")];
  const id = await request(ctx, a, b, { PeerRegion: "eu-west-1" });
  assert.equal((await shown(far, id)).AccepterVpcInfo!.Region, "eu-west-1");
  assert.deepEqual((await describeVpcPeeringConnections({}, { ...ctx, region: "ap-northeast-1" })).VpcPeeringConnections, []);
  await refused(ctx, () => acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx), "OperationNotPermitted", `Incorrect region (us-east-1) specified for this request. VPC peering connection ${id} must be accepted in region eu-west-1`);
  await refused(ctx, () => rejectVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx), "OperationNotPermitted", /must be rejected in region eu-west-1/);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, far);
  assert.equal(await status(ctx, id), "active");
  await refused(ctx, () => modifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId: id, AccepterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true } }, ctx), "OperationNotPermitted", /must be modified in region eu-west-1/);
  await createTags({ Resources: [id], Tags: [{ Key: "Side", Value: "accepter" }] }, far);
  assert.deepEqual((await shown(ctx, id)).Tags, [{ Key: "Side", Value: "accepter" }]);
  await deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }, far);
  assert.equal(await status(ctx, id), "deleted");
});

test("options: of an active connection, between VPCs with DNS host names", async () => {
  const ctx = memoryContext();
  const [a, b] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16")];
  const id = await request(ctx, a, b);
  const on = { VpcPeeringConnectionId: id, RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true } };
  await refused(ctx, () => modifyVpcPeeringConnectionOptions(on, ctx), "OperationNotPermitted", `Peering ${id} is not active. Peering options can be added only to active peerings.`);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, ctx);
  await refused(ctx, () => modifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId: id }, ctx), "MissingParameter");
  await refused(ctx, () => modifyVpcPeeringConnectionOptions(on, ctx), "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled");
  for (const VpcId of [a, b]) await modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: true } }, ctx);
  const off = { AllowEgressFromLocalClassicLinkToRemoteVpc: false, AllowEgressFromLocalVpcToRemoteClassicLink: false };
  assert.deepEqual(await modifyVpcPeeringConnectionOptions(on, ctx), { RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true, ...off }, AccepterPeeringConnectionOptions: undefined });
  const peering = await shown(ctx, id);
  assert.deepEqual([peering.RequesterVpcInfo, peering.AccepterVpcInfo].map((side) => side!.PeeringOptions!.AllowDnsResolutionFromRemoteVpc), [true, false]);
  await refused(ctx, () => modifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId: id, AccepterPeeringConnectionOptions: { AllowEgressFromLocalClassicLinkToRemoteVpc: true } }, ctx), "UnsupportedOperation");
});

test("a VPC that goes ends its connections", async () => {
  const ctx = memoryContext();
  const [a, b, c] = [await vpcOf(ctx, "10.0.0.0/16"), await vpcOf(ctx, "10.1.0.0/16"), await vpcOf(ctx, "10.2.0.0/16")];
  const [active, pending] = [await request(ctx, a, b), await request(ctx, c, b)];
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: active }, ctx);
  await deleteVpc({ VpcId: b }, ctx);
  assert.deepEqual([await status(ctx, active), await status(ctx, pending)], ["deleted", "deleted"]);
});
