// Owns CreateVpcPeeringConnection (EC2 API reference; Amazon VPC peering guide, "VPC peering connection lifecycle"). A request to
// a VPC that is not there, or whose blocks overlap, is made and has failed, as on AWS.

import type { Vpc, VpcPeeringConnection } from "../../model/records.ts";
import { isLivePeering, joins, peeringsOf, peeringStatus, REQUEST_LIVES_MS } from "../../model/peering.ts";
import { isRegion } from "../../model/regions.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { required } from "../missing.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { checkId, find } from "../resource.ts";
import { checkPeeringQuota, failure, overlap } from "./peering-checks.ts";
import { peeringView } from "./view.ts";

export const createVpcPeeringConnection: Ec2Operation<"CreateVpcPeeringConnection"> = (input, ctx) => ctx.write((tx) => {
  const tags = tagsFor("vpc-peering-connection", input.TagSpecifications);
  const peerVpcId = required(input.PeerVpcId, "peerVpcId");
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  checkId("vpc", peerVpcId);
  const region = input.PeerRegion ?? ctx.region;
  if (!isRegion(region)) throw new Ec2Error("InvalidParameterValue", `Invalid value '${region}' for PeerRegion.`);
  const ownerId = input.PeerOwnerId ?? ctx.accountId;
  if (!/^\d{12}$/.test(ownerId)) throw new Ec2Error("InvalidParameterValue", `Value (${ownerId}) for parameter peerOwnerId is invalid. An account ID has 12 digits.`);
  const known = existing(tx, ctx, vpc.id, peerVpcId);
  if (known) return { VpcPeeringConnection: peeringView(tx, ctx, known) };
  const peer = ownerId === ctx.accountId ? vpcIn(tx, region, peerVpcId) : undefined; // a box has one account
  const peering: VpcPeeringConnection = {
    ...newRecord(tx, makerOf(ctx), "pcx", tags),
    requester: { vpcId: vpc.id, region: ctx.region, ownerId: ctx.accountId, allowDnsResolution: false },
    accepter: { vpcId: peerVpcId, region, ownerId, allowDnsResolution: false },
    ...(peer && !overlap(vpc, peer) ? pending(tx, ctx, vpc, ownerId) : failure(ctx.now())),
  };
  tx.put("vpc-peering-connection", peering);
  const view = peeringView(tx, ctx, peering);
  return { VpcPeeringConnection: { ...view, Status: { Code: "initiating-request", Message: `Initiating Request to ${ownerId}` } } };
});

/** The same request again is the same connection; a connection that is active stands in the way of one from the other side. */
function existing(snapshot: Snapshot, ctx: Context, vpcId: string, peerVpcId: string): VpcPeeringConnection | undefined {
  const live = peeringsOf(snapshot, vpcId).filter((p) => joins(p, vpcId, peerVpcId) && isLivePeering(peeringStatus(p, ctx.now())));
  if (live.some((p) => p.status === "active" && p.requester.vpcId !== vpcId)) throw new Ec2Error("VpcPeeringConnectionAlreadyExists", `A VPC peering connection between ${vpcId} and ${peerVpcId} already exists.`);
  return live.find((p) => p.requester.vpcId === vpcId);
}

function vpcIn(snapshot: Snapshot, region: string, id: string): Vpc | undefined {
  const vpc = snapshot.get("vpc", id);
  return vpc?.region === region ? vpc : undefined;
}

function pending(snapshot: Snapshot, ctx: Context, vpc: Vpc, ownerId: string): Pick<VpcPeeringConnection, "status" | "statusMessage" | "expiresAt"> {
  checkPeeringQuota(snapshot, ctx, vpc.id);
  const now = ctx.now();
  const outstanding = peeringsOf(snapshot, vpc.id).filter((p) => p.requester.vpcId === vpc.id && peeringStatus(p, now).code === "pending-acceptance").length;
  if (outstanding >= ctx.quota("outstanding-peering-requests-per-vpc"))
    throw new Ec2Error("OutstandingVpcPeeringConnectionLimitExceeded", "The maximum number of outstanding VPC peering connection requests has been reached.");
  return { status: "pending-acceptance", statusMessage: `Pending Acceptance by ${ownerId}`, expiresAt: new Date(now.getTime() + REQUEST_LIVES_MS).toISOString() };
}
