// Owns how CreateRoute, ReplaceRoute and DeleteRoute read their parameters: one destination, one target (EC2 API reference,
// CreateRoute; Amazon VPC user guide, "Route table concepts").

import type * as ec2 from "@aws-sdk/client-ec2";
import { formatCidr, parseCidr, within, type Cidr } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import type { RouteTable, RouteTarget, Vpc } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { readCidr } from "../cidr.ts";
import { onlyInterface } from "../instance/modify-instance-attribute.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

type Destination = Pick<ec2.DeleteRouteRequest, "DestinationCidrBlock" | "DestinationIpv6CidrBlock" | "DestinationPrefixListId">;
type Targets = Omit<ec2.CreateRouteRequest, "DryRun" | "RouteTableId" | keyof Destination>;

/** The destination as EC2 stores it, its host bits cleared. */
export function readDestination(input: Destination): string {
  const given = [input.DestinationCidrBlock, input.DestinationIpv6CidrBlock, input.DestinationPrefixListId].filter((d) => d !== undefined);
  if (given.length > 1) throw new Ec2Error("InvalidParameterCombination", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId");
  if (given.length === 0) throw new Ec2Error("MissingParameter", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId");
  if (input.DestinationPrefixListId !== undefined) throw new Ec2Error("InvalidPrefixListID.NotFound", `The prefix list ID '${input.DestinationPrefixListId}' does not exist`);
  refuseUnsupported(input, ["DestinationIpv6CidrBlock"]);
  return formatCidr(readCidr(input.DestinationCidrBlock!, "destinationCidrBlock"));
}

/** Targets of which this box has none, so that no id is known: parameter -> AWS's refusal. */
const absentTargets: Readonly<Record<string, readonly [code: string, what: string]>> = {
  NatGatewayId: ["InvalidNatGatewayID.NotFound", "natGateway ID"],
  VpcPeeringConnectionId: ["InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"],
  EgressOnlyInternetGatewayId: ["InvalidGatewayID.NotFound", "gateway ID"],
  TransitGatewayId: ["InvalidTransitGatewayID.NotFound", "transitGateway ID"],
  LocalGatewayId: ["InvalidLocalGatewayID.NotFound", "localGateway ID"],
  CarrierGatewayId: ["InvalidCarrierGatewayID.NotFound", "carrierGateway ID"],
  VpcEndpointId: ["InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"],
  CoreNetworkArn: ["InvalidCoreNetworkArn.NotFound", "core network ARN"],
  OdbNetworkArn: ["InvalidOdbNetworkArn.NotFound", "ODB network ARN"],
};
const targetNames = ["GatewayId", "InstanceId", "NetworkInterfaceId", ...Object.keys(absentTargets)] as const;

/** @param local whether the caller asked for the local target (ReplaceRoute) */
export function readTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, input: Targets, local = false): RouteTarget {
  const given = targetNames.filter((name) => input[name as keyof Targets] !== undefined);
  if (given.length + (local ? 1 : 0) !== 1)
    throw new Ec2Error(given.length === 0 ? "MissingParameter" : "InvalidParameterCombination",
      "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId, carrierGatewayId, vpcEndpointId, coreNetworkArn or instanceId");
  if (local) return { kind: "local" };
  const absent = absentTargets[given[0]!];
  if (absent) throw new Ec2Error(absent[0], `The ${absent[1]} '${String(input[given[0] as keyof Targets])}' does not exist`);
  if (input.GatewayId !== undefined) return gatewayTarget(snapshot, ctx, table, input.GatewayId);
  return interfaceTarget(snapshot, ctx, table, input);
}

function gatewayTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, id: string): RouteTarget {
  const gateway = snapshot.get("internet-gateway", id);
  if (!gateway || gateway.region !== ctx.region) throw new Ec2Error("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
  if (gateway.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and network gateway ${id} belong to different networks`);
  return { kind: "gateway", gatewayId: id };
}

function interfaceTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, input: Targets): RouteTarget {
  if (input.InstanceId !== undefined) {
    const instance = find(snapshot, "instance", input.InstanceId, ctx.region);
    if (instance.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and instance ${instance.id} belong to different networks`);
    return { kind: "interface", networkInterfaceId: onlyInterface(snapshot, instance).id, instanceId: instance.id };
  }
  const eni = find(snapshot, "network-interface", input.NetworkInterfaceId, ctx.region);
  if (eni.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and interface ${eni.id} belong to different networks`);
  return { kind: "interface", networkInterfaceId: eni.id };
}

/** Inside the VPC a route may lead to an interface only, and beside the block itself only for a whole subnet. */
export function checkInsideVpc(snapshot: Snapshot, vpc: Vpc, destination: string, target: RouteTarget): void {
  const block = blockOf(destination);
  if (!vpc.cidrAssociations.some((a) => within(block, blockOf(a.cidrBlock)))) return;
  if (target.kind !== "interface")
    throw new Ec2Error("InvalidParameterValue", `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`);
  if (vpc.cidrAssociations.some((a) => a.cidrBlock === destination)) return;
  if (!snapshot.list("subnet", vpc.region).some((s) => s.vpcId === vpc.id && s.cidrBlock === destination))
    throw new Ec2Error("InvalidParameterValue", `The destination CIDR block ${destination} is more specific than one of this VPC's CIDR blocks and does not match the CIDR block of a subnet in this VPC.`);
}
const blockOf = (text: string): Cidr => must(parseCidr(text), `${text} is a block`);
