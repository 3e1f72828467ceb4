// Owns how a VPC peering connection looks to clients (EC2 API reference, VpcPeeringConnection) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import { peeringStatus } from "../../model/peering.ts";
import type { PeeringSide, VpcPeeringConnection } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function peeringView(snapshot: Snapshot, ctx: Context, peering: VpcPeeringConnection): ec2.VpcPeeringConnection {
  const { code, message } = peeringStatus(peering, ctx.now());
  return {
    VpcPeeringConnectionId: peering.id,
    RequesterVpcInfo: sideView(snapshot, peering.requester, code === "active" || code === "pending-acceptance"),
    AccepterVpcInfo: sideView(snapshot, peering.accepter, code === "active"),
    Status: { Code: code, Message: message },
    ExpirationTime: code === "pending-acceptance" && peering.expiresAt !== undefined ? new Date(peering.expiresAt) : undefined,
    Tags: tagList(peering.tags),
  };
}

/** @param open whether the side's blocks and options are shown: the accepter's are not before it has accepted */
function sideView(snapshot: Snapshot, side: PeeringSide, open: boolean): ec2.VpcPeeringConnectionVpcInfo {
  const blocks = open ? blocksOf(snapshot, side) : [];
  return {
    VpcId: side.vpcId,
    OwnerId: side.ownerId,
    Region: side.region,
    CidrBlock: blocks[0],
    CidrBlockSet: blocks.length === 0 ? undefined : blocks.map((CidrBlock) => ({ CidrBlock })),
    PeeringOptions: open ? { AllowDnsResolutionFromRemoteVpc: side.allowDnsResolution, AllowEgressFromLocalClassicLinkToRemoteVpc: false, AllowEgressFromLocalVpcToRemoteClassicLink: false } : undefined,
  };
}

const blocksOf = (snapshot: Snapshot, side: PeeringSide): readonly string[] => (snapshot.get("vpc", side.vpcId)?.cidrAssociations ?? []).map((a) => a.cidrBlock);

export function peeringFilters(snapshot: Snapshot, ctx: Context): FilterTable<VpcPeeringConnection> {
  const view = (p: VpcPeeringConnection): ec2.VpcPeeringConnection => peeringView(snapshot, ctx, p);
  const blocks = (info: ec2.VpcPeeringConnectionVpcInfo | undefined): readonly string[] => (info?.CidrBlockSet ?? []).flatMap((b) => b.CidrBlock ?? []);
  return {
    "accepter-vpc-info.cidr-block": (p) => blocks(view(p).AccepterVpcInfo),
    "accepter-vpc-info.owner-id": (p) => p.accepter.ownerId,
    "accepter-vpc-info.vpc-id": (p) => p.accepter.vpcId,
    "expiration-time": (p) => view(p).ExpirationTime?.toISOString(),
    "requester-vpc-info.cidr-block": (p) => blocks(view(p).RequesterVpcInfo),
    "requester-vpc-info.owner-id": (p) => p.requester.ownerId,
    "requester-vpc-info.vpc-id": (p) => p.requester.vpcId,
    "status-code": (p) => peeringStatus(p, ctx.now()).code,
    "status-message": (p) => peeringStatus(p, ctx.now()).message,
    "vpc-peering-connection-id": (p) => p.id,
  };
}
