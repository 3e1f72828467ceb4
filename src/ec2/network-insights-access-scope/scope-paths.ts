// Owns what a scope's paths may say (Network Access Analyzer guide, "Resource statements", "Packet header statements"): checked when the
// scope is made, kept as it came.

import type * as ec2 from "@aws-sdk/client-ec2";
import { parseCidr, parseIp } from "../../lib/ip.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { kindOfId, parseEc2Arn, type Owner } from "../arn.ts";
import { isSeenIn, type NamedById } from "../resource.ts";

type Side = "Source" | "Destination" | "ThroughResources";
const MAX_PATHS = 100;

/** Where a resource may stand. Interfaces and instances in ThroughResources are the box's own: packets go through NAT instances here. */
const placesOfKind: Readonly<Partial<Record<NamedById, readonly Side[]>>> = {
  "instance": ["Source", "Destination", "ThroughResources"], "network-interface": ["Source", "Destination", "ThroughResources"], "internet-gateway": ["Source", "Destination"],
  "security-group": ["Source", "Destination"], "subnet": ["Source", "Destination"], "vpc": ["Source", "Destination"], "vpc-peering-connection": ["Source", "Destination", "ThroughResources"],
  "natgateway": ["ThroughResources"],
};
/** ResourceType -> where it may stand. Those that this box has none of are taken, and match nothing. */
const placesOfType: Readonly<Record<string, readonly Side[]>> = {
  "AWS::EC2::InternetGateway": ["Source", "Destination"], "AWS::EC2::NetworkInterface": ["Source", "Destination"], "AWS::EC2::Instance": ["Source", "Destination"],
  "AWS::EC2::NatGateway": ["ThroughResources"], "AWS::EC2::VPCPeeringConnection": ["Source", "Destination", "ThroughResources"],
  "AWS::EC2::TransitGatewayAttachment": ["Source", "Destination", "ThroughResources"], "AWS::EC2::VPCEndpoint": ["Destination", "ThroughResources"],
  "AWS::EC2::VPCEndpointService": ["Source", "Destination", "ThroughResources"], "AWS::EC2::VPNGateway": ["Source", "Destination"],
  "AWS::ElasticLoadBalancing::LoadBalancer": ["ThroughResources"], "AWS::ElasticLoadBalancingV2::LoadBalancer": ["ThroughResources"], "AWS::NetworkFirewall::Firewall": ["ThroughResources"],
};

export function checkScopePaths(snapshot: Snapshot, owner: Owner, paths: readonly ec2.AccessScopePathRequest[], parameter: "MatchPath" | "ExcludePath"): void {
  if (paths.length > MAX_PATHS) throw new Ec2Error("InvalidParameterValue", `The maximum number of paths in ${parameter}s is ${MAX_PATHS}.`);
  paths.forEach((path, i) => {
    const at = `${parameter}.${i + 1}`;
    if (!path.Source && !path.Destination && (path.ThroughResources ?? []).length === 0) throw invalid(at, "A path must have a source, a destination or through resources.");
    for (const side of ["Source", "Destination"] as const) {
      const statement = path[side];
      if (!statement) continue;
      if (!statement.ResourceStatement && !statement.PacketHeaderStatement) throw invalid(`${at}.${side}`, "A statement must not be empty.");
      if (statement.ResourceStatement) checkResources(snapshot, owner, statement.ResourceStatement, side, `${at}.${side}.ResourceStatement`);
      if (statement.PacketHeaderStatement) checkHeader(snapshot, owner, statement.PacketHeaderStatement, `${at}.${side}.PacketHeaderStatement`);
    }
    (path.ThroughResources ?? []).forEach((through, n) => checkResources(snapshot, owner, through.ResourceStatement ?? {}, "ThroughResources", `${at}.ThroughResource.${n + 1}.ResourceStatement`));
  });
}

function checkResources(snapshot: Snapshot, owner: Owner, { Resources = [], ResourceTypes = [] }: ec2.ResourceStatementRequest, side: Side, at: string): void {
  if ((Resources.length === 0) === (ResourceTypes.length === 0)) throw invalid(at, "A resource statement has either resources or resource types.");
  for (const type of ResourceTypes) {
    const places = Object.hasOwn(placesOfType, type) ? placesOfType[type]! : undefined;
    if (!places?.includes(side)) throw invalid(`${at}.ResourceType`, `The resource type '${type}' is not supported in ${side}.`);
  }
  for (const resource of Resources) {
    const id = idOfResource(resource);
    const kind = kindOfId(id);
    if (kind === undefined || !placesOfKind[kind]?.includes(side)) throw invalid(`${at}.Resource`, `The resource '${resource.slice(0, 200)}' is not supported in ${side}.`);
    const record = snapshot.get(kind, id);
    if (!record || !isSeenIn(owner.region, record) || !isOwn(owner, resource)) throw invalid(`${at}.Resource`, `The resource '${resource}' does not exist.`);
  }
}

function checkHeader(snapshot: Snapshot, owner: Owner, header: ec2.PacketHeaderStatementRequest, at: string): void {
  if (Object.values(header).every((list) => list === undefined || (list as readonly string[]).length === 0)) throw invalid(at, "A packet header statement must have at least one field.");
  for (const end of ["Source", "Destination"] as const) {
    const addresses = header[`${end}Addresses`] ?? [], lists = header[`${end}PrefixLists`] ?? [];
    if (addresses.length > 0 && lists.length > 0) throw new Ec2Error("InvalidParameterCombination", `The parameter ${at}.${end}Addresses cannot be used with the parameter ${at}.${end}PrefixLists`);
    for (const text of addresses) if (parseIp(text) === undefined && !parseCidr(text)) throw invalid(`${at}.${end}Address`, `'${text.slice(0, 50)}' is not an IPv4 address or CIDR block.`);
    for (const text of header[`${end}Ports`] ?? []) if (!readPortRange(text)) throw invalid(`${at}.${end}Port`, `'${text.slice(0, 50)}' is not a port or a range of ports.`);
    for (const list of lists) {
      const record = kindOfId(idOfResource(list)) === "prefix-list" ? snapshot.get("prefix-list", idOfResource(list)) : undefined;
      if (record?.region !== owner.region) throw new Ec2Error("InvalidPrefixListID.NotFound", `The prefix list ID '${list.slice(0, 100)}' does not exist`);
    }
  }
}

/** "22" or "80-90". */
export function readPortRange(text: string): { readonly from: number; readonly to: number } | undefined {
  const m = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(m?.[1]), to = Number(m?.[2] ?? m?.[1]);
  return m && from <= to && to <= 65535 ? { from, to } : undefined;
}

/** An ARN's id, or the id itself. */
export const idOfResource = (resource: string): string => parseEc2Arn(resource)?.id ?? resource;

function isOwn(owner: Owner, resource: string): boolean {
  const parts = parseEc2Arn(resource);
  return !parts || (parts.accountId === owner.accountId && parts.region === owner.region && parts.type === kindOfId(parts.id));
}

const invalid = (parameter: string, why: string): Ec2Error => new Ec2Error("InvalidParameterValue", `Value for parameter ${parameter} is invalid. ${why}`);
