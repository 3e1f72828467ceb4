// Owns ModifyVpcPeeringConnectionOptions (EC2 API reference): whether the public names of one side's instances mean private
// addresses to the other. A side is changed from its own region. ClassicLink is long gone and stays off.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { PeeringSide } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

export const modifyVpcPeeringConnectionOptions: Ec2Operation<"ModifyVpcPeeringConnectionOptions"> = (input, ctx) => ctx.write((tx) => {
  const peering = find(tx, "vpc-peering-connection", input.VpcPeeringConnectionId, ctx.region);
  const { RequesterPeeringConnectionOptions: ofRequester, AccepterPeeringConnectionOptions: ofAccepter } = input;
  if (!ofRequester && !ofAccepter) throw new Ec2Error("MissingParameter", "Either 'accepterPeeringConnectionOptions' or 'requesterPeeringConnectionOptions' should be provided.");
  if (peering.status !== "active") throw new Ec2Error("OperationNotPermitted", `Peering ${peering.id} is not active. Peering options can be added only to active peerings.`);
  const requester = changed(ctx, peering.requester, ofRequester);
  const accepter = changed(ctx, peering.accepter, ofAccepter);
  if ((requester.allowDnsResolution && ofRequester) || (accepter.allowDnsResolution && ofAccepter)) checkDnsHostnames(tx, [requester, accepter]);
  tx.put("vpc-peering-connection", { ...peering, requester, accepter });
  return {
    RequesterPeeringConnectionOptions: ofRequester && optionsView(requester),
    AccepterPeeringConnectionOptions: ofAccepter && optionsView(accepter),
  };
});

function changed(ctx: Context, side: PeeringSide, options: ec2.PeeringConnectionOptionsRequest | undefined): PeeringSide {
  if (!options) return side;
  const off = (v: boolean): boolean => !v;
  refuseUnsupported(options, ["AllowEgressFromLocalClassicLinkToRemoteVpc", "AllowEgressFromLocalVpcToRemoteClassicLink"], {
    AllowEgressFromLocalClassicLinkToRemoteVpc: off, AllowEgressFromLocalVpcToRemoteClassicLink: off,
  });
  if (side.region !== ctx.region)
    throw new Ec2Error("OperationNotPermitted", `Incorrect region (${ctx.region}) specified for this request. The options of ${side.vpcId} must be modified in region ${side.region}`);
  return { ...side, allowDnsResolution: options.AllowDnsResolutionFromRemoteVpc ?? side.allowDnsResolution };
}

function checkDnsHostnames(snapshot: Snapshot, sides: readonly PeeringSide[]): void {
  const without = sides.find((side) => !snapshot.get("vpc", side.vpcId)?.enableDnsHostnames);
  if (without) throw new Ec2Error("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", `To enable DNS hostname resolution for the VPC peering connection, DNS hostname support must be enabled for the VPCs. It is not for ${without.vpcId}.`);
}

const optionsView = (side: PeeringSide): ec2.PeeringConnectionOptions => ({
  AllowDnsResolutionFromRemoteVpc: side.allowDnsResolution, AllowEgressFromLocalClassicLinkToRemoteVpc: false, AllowEgressFromLocalVpcToRemoteClassicLink: false,
});
