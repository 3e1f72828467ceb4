// Owns how CreateRoute, ReplaceRoute and DeleteRoute read their parameters: one destination, one target (EC2 API reference,
// CreateRoute; Amazon VPC user guide, "Route table concepts").

import type * as ec2 from "@aws-sdk/client-ec2";
import { formatCidr, parseCidr, within, type Cidr } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import { natGatewayForwards } from "../../model/lifecycle.ts";
import { isLivePeering, peeringStatus, peerOf } from "../../model/peering.ts";
import { isPrefixListId } from "../../model/prefix-lists.ts";
import type { RouteTable, RouteTarget, Vpc } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { readCidr } from "../cidr.ts";
import { onlyInterface } from "../instance/modify-instance-attribute.ts";
import { checkId, find, notFound } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

type Destination = Pick<ec2.DeleteRouteRequest, "DestinationCidrBlock" | "DestinationIpv6CidrBlock" | "DestinationPrefixListId">;
type Targets = Omit<ec2.CreateRouteRequest, "DryRun" | "RouteTableId" | keyof Destination>;

/** The destination as EC2 stores it: a block, its host bits cleared, or a prefix list's id, which may be of one that is gone. */
export function readDestination(input: Destination): string {
  const given = [input.DestinationCidrBlock, input.DestinationIpv6CidrBlock, input.DestinationPrefixListId].filter((d) => d !== undefined && d !== "");
  if (given.length > 1) throw new Ec2Error("InvalidParameterCombination", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId");
  if (given.length === 0) throw new Ec2Error("MissingParameter", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId");
  if (input.DestinationPrefixListId) {
    checkId("prefix-list", input.DestinationPrefixListId);
    return input.DestinationPrefixListId;
  }
  refuseUnsupported(input, ["DestinationIpv6CidrBlock"]);
  return formatCidr(readCidr(input.DestinationCidrBlock!, "destinationCidrBlock"));
}

/** Targets of which this box has none, so that no id is known: parameter -> AWS's refusal. */
const absentTargets: Readonly<Record<string, readonly [code: string, what: string]>> = {
  EgressOnlyInternetGatewayId: ["InvalidGatewayID.NotFound", "gateway ID"],
  TransitGatewayId: ["InvalidTransitGatewayID.NotFound", "transitGateway ID"],
  LocalGatewayId: ["InvalidLocalGatewayID.NotFound", "localGateway ID"],
  CarrierGatewayId: ["InvalidCarrierGatewayID.NotFound", "carrierGateway ID"],
  VpcEndpointId: ["InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"],
  CoreNetworkArn: ["InvalidCoreNetworkArn.NotFound", "core network ARN"],
  OdbNetworkArn: ["InvalidOdbNetworkArn.NotFound", "ODB network ARN"],
};
const targetNames = ["GatewayId", "InstanceId", "NetworkInterfaceId", "NatGatewayId", "VpcPeeringConnectionId", ...Object.keys(absentTargets)] as const;

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
  if (input.NatGatewayId !== undefined) return natGatewayTarget(snapshot, ctx, table, input.NatGatewayId);
  if (input.VpcPeeringConnectionId !== undefined) return peeringTarget(snapshot, ctx, table, input.VpcPeeringConnectionId);
  return interfaceTarget(snapshot, ctx, table, input);
}

function gatewayTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, id: string): RouteTarget {
  const gateway = snapshot.get("internet-gateway", id);
  if (!gateway || gateway.region !== ctx.region) throw new Ec2Error("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
  if (gateway.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and network gateway ${id} belong to different networks`);
  return { kind: "gateway", gatewayId: id };
}

/** One that is deleted or has failed is shown for an hour, and is none to route to. */
function natGatewayTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, id: string): RouteTarget {
  const gateway = snapshot.get("natgateway", id);
  if (gateway?.region !== ctx.region || !natGatewayForwards(gateway)) throw new Ec2Error("InvalidNatGatewayID.NotFound", `The natGateway ID '${id}' does not exist`);
  if (gateway.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and network gateway ${id} belong to different networks`);
  return { kind: "nat-gateway", natGatewayId: id };
}

/** A connection that waits for its acceptance may be routed to: a blackhole until then (Amazon VPC peering guide). */
function peeringTarget(snapshot: Snapshot, ctx: Context, table: RouteTable, id: string): RouteTarget {
  const peering = find(snapshot, "vpc-peering-connection", id, ctx.region);
  if (!isLivePeering(peeringStatus(peering, ctx.now()))) throw notFound("vpc-peering-connection", [id]);
  if (!peerOf(peering, table.vpcId)) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and vpc peering connection ${id} belong to different networks`);
  return { kind: "peering", vpcPeeringConnectionId: id };
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

/**
 * What a route may be. Inside the VPC it may lead to an interface or a NAT gateway only, and beside the block itself only for a whole subnet. In a
 * gateway's table it may lead to an interface only, and only from the VPC's own addresses ("Gateway route tables").
 */
export function checkRoute(snapshot: Snapshot, vpc: Vpc, table: RouteTable, destination: string, target: RouteTarget): void {
  if (isPrefixListId(destination)) {
    find(snapshot, "prefix-list", destination, vpc.region);
    if (isEdge(table)) throw edgeRefusal(table, `a route to the prefix list ${destination}`);
    return;
  }
  const block = blockOf(destination);
  const inside = vpc.cidrAssociations.some((a) => within(block, blockOf(a.cidrBlock)));
  if (isEdge(table) && (target.kind !== "interface" || !inside)) throw edgeRefusal(table, `the route to ${destination}`);
  if (!inside) return;
  if (target.kind !== "interface" && target.kind !== "nat-gateway")
    throw new Ec2Error("InvalidParameterValue", `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`);
  if (vpc.cidrAssociations.some((a) => a.cidrBlock === destination)) return;
  if (!snapshot.list("subnet", vpc.region).some((s) => s.vpcId === vpc.id && s.cidrBlock === destination))
    throw new Ec2Error("InvalidParameterValue", `The destination CIDR block ${destination} is more specific than one of this VPC's CIDR blocks and does not match the CIDR block of a subnet in this VPC.`);
}
const blockOf = (text: string): Cidr => must(parseCidr(text), `${text} is a block`);

const isEdge = (table: RouteTable): boolean => table.associations.some((a) => a.gatewayId !== undefined);
const edgeRefusal = (table: RouteTable, what: string): Ec2Error => new Ec2Error("InvalidParameterValue",
  `Route table ${table.id} is associated with a gateway and cannot have ${what}: its routes lead from the VPC's CIDR blocks, or those of whole subnets, to local or to a network interface.`);

/** A table may become a gateway's if its routes are such as a gateway's may be. */
export function checkEdgeRoutes(snapshot: Snapshot, vpc: Vpc, table: RouteTable, gatewayId: string): void {
  const edge = { ...table, associations: [...table.associations, { id: "", main: false, gatewayId }] };
  for (const route of table.routes) if (route.target.kind !== "local") checkRoute(snapshot, vpc, edge, route.destination, route.target);
}

/** How a refusal names a route. */
export const parameterOf = (destination: string): string => (isPrefixListId(destination) ? "destination-prefix-list-id" : "destination-cidr-block");
