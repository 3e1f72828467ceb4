// Owns what a peering connection is refused or fails for, whoever asks: blocks that overlap, the quota of active ones, a state it
// cannot leave, a region that has no say (Amazon VPC peering guide, "Limitations", "Quotas"; EC2 API reference, error codes).

import { overlaps, parseCidr, type Cidr } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import { peeringsOf, peeringStatus } from "../../model/peering.ts";
import type { Vpc, VpcPeeringConnection } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

const blocksOf = (vpc: Vpc): readonly Cidr[] => vpc.cidrAssociations.map((a) => must(parseCidr(a.cidrBlock), "a VPC's block parses"));

/** Whether any block of the one overlaps any of the other. */
export const overlap = (a: Vpc, b: Vpc): boolean => blocksOf(a).some((one) => blocksOf(b).some((other) => overlaps(one, other)));

export const failure = (now: Date): Pick<VpcPeeringConnection, "status" | "statusMessage" | "expiresAt" | "endedAt"> => ({
  status: "failed", statusMessage: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range", expiresAt: undefined, endedAt: now.toISOString(),
});

export function checkPeeringQuota(snapshot: Snapshot, ctx: Context, vpcId: string): void {
  if (peeringsOf(snapshot, vpcId).filter((p) => p.status === "active").length >= ctx.quota("peerings-per-vpc"))
    throw new Ec2Error("VpcPeeringConnectionsPerVpcLimitExceeded", `The maximum number of active VPC peering connections for ${vpcId} has been reached.`);
}

export function checkTransition(peering: VpcPeeringConnection, ctx: Context, from: readonly VpcPeeringConnection["status"][], to: string): void {
  const { code } = peeringStatus(peering, ctx.now());
  if (!from.includes(code)) throw new Ec2Error("InvalidStateTransition", `Invalid state transition for ${peering.id}, attempted to transition from ${code} to ${to}`);
}

/** Only the accepter's region may answer a request. @param verb "accepted" or "rejected" */
export function checkAnswerRegion(peering: VpcPeeringConnection, ctx: Context, verb: string): void {
  if (peering.accepter.region !== ctx.region)
    throw new Ec2Error("OperationNotPermitted", `Incorrect region (${ctx.region}) specified for this request. VPC peering connection ${peering.id} must be ${verb} in region ${peering.accepter.region}`);
}
