// Owns what EC2 is irregular about: each resource's id prefix and its codes for malformed and unknown ids (EC2 API reference,
// error codes), as data, and the look-ups that use it.

import { isId } from "../lib/ids.ts";
import type { Kind, Snapshot, Tables } from "../model/snapshot.ts";
import { Ec2Error } from "../wire/error.ts";

interface Naming { readonly prefix: string; readonly malformed: string; readonly notFound: string; readonly what: string }

/** Kinds that calls name by an id. Key pairs and IAM's records go by name. */
export type NamedById = Exclude<Kind, "key-pair" | "iam-role" | "iam-instance-profile" | "iam-policy">;

export const naming: Readonly<Record<NamedById, Naming>> = {
  "vpc": { prefix: "vpc", malformed: "InvalidVpcID.Malformed", notFound: "InvalidVpcID.NotFound", what: "vpc ID" },
  "subnet": { prefix: "subnet", malformed: "InvalidSubnetID.Malformed", notFound: "InvalidSubnetID.NotFound", what: "subnet ID" },
  "internet-gateway": { prefix: "igw", malformed: "InvalidInternetGatewayId.Malformed", notFound: "InvalidInternetGatewayID.NotFound", what: "internetGateway ID" },
  "route-table": { prefix: "rtb", malformed: "InvalidRouteTableId.Malformed", notFound: "InvalidRouteTableID.NotFound", what: "routeTable ID" },
  "security-group": { prefix: "sg", malformed: "InvalidGroupId.Malformed", notFound: "InvalidGroup.NotFound", what: "security group" },
  "network-interface": { prefix: "eni", malformed: "InvalidNetworkInterfaceId.Malformed", notFound: "InvalidNetworkInterfaceID.NotFound", what: "networkInterface ID" },
  "elastic-ip": { prefix: "eipalloc", malformed: "InvalidAllocationID.Malformed", notFound: "InvalidAllocationID.NotFound", what: "allocation ID" },
  "instance": { prefix: "i", malformed: "InvalidInstanceID.Malformed", notFound: "InvalidInstanceID.NotFound", what: "instance ID" },
  "image": { prefix: "ami", malformed: "InvalidAMIID.Malformed", notFound: "InvalidAMIID.NotFound", what: "image id" },
  "volume": { prefix: "vol", malformed: "InvalidParameterValue", notFound: "InvalidVolume.NotFound", what: "volume" },
  "snapshot": { prefix: "snap", malformed: "InvalidParameterValue", notFound: "InvalidSnapshot.NotFound", what: "snapshot" },
  "launch-template": { prefix: "lt", malformed: "InvalidLaunchTemplateId.Malformed", notFound: "InvalidLaunchTemplateId.NotFound", what: "launch template ID" },
  "network-acl": { prefix: "acl", malformed: "InvalidNetworkAclId.Malformed", notFound: "InvalidNetworkAclID.NotFound", what: "networkAcl ID" },
  "dhcp-options": { prefix: "dopt", malformed: "InvalidDhcpOptionsId.Malformed", notFound: "InvalidDhcpOptionID.NotFound", what: "dhcpOption ID" },
  "natgateway": { prefix: "nat", malformed: "NatGatewayMalformed", notFound: "NatGatewayNotFound", what: "NAT gateway" },
  "vpc-peering-connection": { prefix: "pcx", malformed: "InvalidVpcPeeringConnectionId.Malformed", notFound: "InvalidVpcPeeringConnectionID.NotFound", what: "vpcPeeringConnection ID" },
  "prefix-list": { prefix: "pl", malformed: "InvalidPrefixListID.Malformed", notFound: "InvalidPrefixListID.NotFound", what: "prefix list ID" },
  "vpc-flow-log": { prefix: "fl", malformed: "InvalidFlowLogId.Malformed", notFound: "InvalidFlowLogId.NotFound", what: "flow log ID" },
  "subnet-cidr-reservation": { prefix: "scr", malformed: "InvalidSubnetCidrReservationID.Malformed", notFound: "InvalidSubnetCidrReservationID.NotFound", what: "subnet CIDR reservation ID" },
  "network-insights-path": { prefix: "nip", malformed: "InvalidNetworkInsightsPathId.Malformed", notFound: "InvalidNetworkInsightsPathId.NotFound", what: "networkInsightsPath ID" },
  "network-insights-analysis": { prefix: "nia", malformed: "InvalidNetworkInsightsAnalysisId.Malformed", notFound: "InvalidNetworkInsightsAnalysisId.NotFound", what: "networkInsightsAnalysis ID" },
  "network-insights-access-scope": { prefix: "nis", malformed: "InvalidNetworkInsightsAccessScopeId.Malformed", notFound: "InvalidNetworkInsightsAccessScopeId.NotFound", what: "networkInsightsAccessScope ID" },
  "network-insights-access-scope-analysis": { prefix: "nisa", malformed: "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed", notFound: "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound", what: "networkInsightsAccessScopeAnalysis ID" },
};

export function checkId(kind: NamedById, id: string): void {
  const n = naming[kind];
  if (isId(n.prefix, id)) return;
  if (kind === "elastic-ip") throw new Ec2Error(n.notFound, `The allocation ID '${id}' does not exist`);
  throw new Ec2Error(n.malformed, `Invalid id: "${id}" (expecting "${n.prefix}-...")`);
}

export function notFound(kind: NamedById, ids: readonly string[]): Ec2Error {
  const n = naming[kind];
  if (kind === "image") return new Ec2Error(n.notFound, `The image id '[${ids.join(", ")}]' does not exist`);
  if (kind === "natgateway") return new Ec2Error(n.notFound, `NatGateway ${ids.join(", ")} was not found`);
  if (ids.length > 1) return new Ec2Error(n.notFound, `The ${n.what}s '${ids.join(", ")}' do not exist`);
  return new Ec2Error(n.notFound, `The ${n.what} '${ids[0]}' does not exist`);
}

/** The record of that id in the region, or AWS's refusal. MissingParameter was checked by the wire layer. */
export function find<K extends NamedById>(snapshot: Snapshot, kind: K, id: string | undefined, region: string): Tables[K] {
  if (id === undefined || id === "") throw new Ec2Error("MissingParameter", `The request must contain the parameter ${naming[kind].what}`);
  checkId(kind, id);
  const record = snapshot.get(kind, id);
  if (!record || !isSeenIn(region, record)) throw notFound(kind, [id]);
  return record;
}

/** A record is its region's, except a peering connection, which is both regions'. */
export const isSeenIn = (region: string, record: Tables[Kind]): boolean =>
  record.region === region || ("accepter" in record && record.accepter.region === region);

/** A region's records, in order of creation. */
export function recordsIn<K extends Kind>(snapshot: Snapshot, kind: K, region: string): readonly Tables[K][] {
  return kind === "vpc-peering-connection" ? snapshot.list(kind).filter((record) => isSeenIn(region, record)) : snapshot.list(kind, region);
}
