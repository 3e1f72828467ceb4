// Owns why a dropped packet was dropped, in words and ids: which groups had no rule, which entry denied, which route led where. Read from
// the records as they are now, a moment after the packet. One case for each reason of the program (docs/datapath.md).

import { formatIp } from "../lib/ip.ts";
import type { DropReason } from "../datapath/tables.ts";
import type { FoundRoute, Network } from "../model/network.ts";
import type { Direction, Packet } from "../model/packet.ts";
import type { NetworkAclEntry, NetworkInterface, Route } from "../model/records.ts";

const FINAL_DENY = 32_767; // shown as * by the console

/** `by`: the ids of what decided, by what they are; `text`: one sentence. */
export interface DropCause { readonly text: string; readonly by: Readonly<Record<string, string | number | readonly string[]>> }

/** Of an interface: every reason but the box's own links'. `direction`: of the packet, by the interface. */
export function dropCause(network: Network, eni: NetworkInterface, reason: DropReason, direction: Direction, packet: Packet): DropCause {
  const gateway = network.attachedGateway(eni.vpcId), igw: DropCause["by"] = gateway ? { internetGateway: gateway.id } : {};
  const source = formatIp(packet.source), destination = formatIp(packet.destination);
  switch (reason) {
    case "SOURCE_CHECK": return { text: `the source/destination check of ${eni.id} is on, and ${source} is not its address`, by: { networkInterface: eni.id } };
    case "DESTINATION_CHECK": return { text: `the source/destination check of ${eni.id} is on, and ${destination} is not its address`, by: { networkInterface: eni.id } };
    case "GROUP_EGRESS": case "GROUP_INGRESS": return { text: `no ${direction} rule of ${named(network, eni)} allows it`, by: { securityGroups: eni.groupIds } };
    case "TRACKING_FULL": return { text: `${eni.id} tracks as many flows as it may; a rule of ${named(network, eni)} would allow it`, by: { networkInterface: eni.id } };
    case "ACL_EGRESS": case "ACL_INGRESS": return aclCause(network, eni, direction, packet);
    case "NO_ROUTE": case "BLACKHOLE": case "NO_SUCH_ADDRESS": case "PEERING": return routeCause(network, eni, reason, packet);
    case "GATEWAY_DETACHED": return { text: `no internet gateway is attached to ${eni.vpcId}`, by: { vpc: eni.vpcId } };
    case "NO_PUBLIC_ADDRESS": return direction === "egress"
      ? { text: `${gateway?.id ?? "the internet gateway"}: ${source} has no public address`, by: { ...igw, networkInterface: eni.id } }
      : { text: `the gateway's route table leads to ${eni.id}, which has no public address`, by: { ...igw, networkInterface: eni.id } };
    case "PRIVATE_DESTINATION": return { text: `${gateway?.id ?? "the internet gateway"}: ${destination} is a private address, on no internet`, by: igw };
    case "PACKET_TOO_BIG": return { text: `${gateway?.id ?? "the internet gateway"} takes 1,500 bytes, and it may not be fragmented: answered with ICMP 3/4`, by: igw };
    case "DNS_DISABLED": return { text: `enableDnsSupport of ${eni.vpcId} is off`, by: { vpc: eni.vpcId } };
    case "LINK_LOCAL": return { text: `${destination} is link-local, multicast, broadcast or loopback, and no service of the VPC answers there`, by: {} };
    case "FRAGMENT": return { text: "the first piece of this datagram was not seen to get through", by: {} };
    case "MALFORMED": return { text: "it is shorter than its headers say", by: {} };
    case "UNSUPPORTED_PROTOCOL": return { text: "only IPv4 and ARP move in a VPC here", by: {} };
    case "WRONG_SOURCE_MAC": return { text: `its source MAC address is not that of ${eni.id}, ${eni.macAddress}`, by: { networkInterface: eni.id } };
    case "ARP": return { text: "only requests for others' addresses are answered", by: {} };
    case "UNKNOWN_PUBLIC_ADDRESS": return { text: `no interface has the public address ${destination}`, by: {} };
    case "NAT_PROTOCOL": case "NAT_FRAGMENT": case "NAT_PORTS": case "NAT_SOURCE": case "NAT_NO_CONNECTION": return natCause(network, eni, reason);
  }
}

/** At the link of the box's internet or of its services. */
export function ownLinkCause(reason: DropReason, packet: Packet | undefined): DropCause {
  const destination = packet ? formatIp(packet.destination) : "it";
  if (reason === "UNKNOWN_PUBLIC_ADDRESS") return { text: `no interface has the public address ${destination}`, by: {} };
  if (reason === "PRIVATE_DESTINATION") return { text: `a private or unroutable source (${packet ? formatIp(packet.source) : "?"}) does not come from the internet`, by: {} };
  if (reason === "NO_SUCH_ADDRESS") return { text: "who asked the service is gone", by: {} };
  return { text: reason === "ARP" ? "only requests for others' addresses are answered" : "it is not what the internet sends", by: {} };
}

function named(network: Network, eni: NetworkInterface): string {
  return eni.groupIds.map((id) => `${id} (${network.snapshot.get("security-group", id)?.name ?? "gone"})`).join(", ");
}

function aclCause(network: Network, eni: NetworkInterface, direction: Direction, packet: Packet): DropCause {
  const { acl, entry, allowed } = network.filtering.acl(eni.subnetId, direction, packet);
  if (!acl) return { text: `${eni.subnetId} has no network ACL any more`, by: { subnet: eni.subnetId } };
  const by = { networkAcl: acl.id, subnet: eni.subnetId };
  if (allowed) return { text: `${acl.id} of ${eni.subnetId} denied it; it has changed since`, by };
  return entry && entry.ruleNumber < FINAL_DENY
    ? { text: `${direction} entry ${entry.ruleNumber} of ${acl.id} (${describeEntry(entry)}) at ${eni.subnetId}`, by: { ...by, ruleNumber: entry.ruleNumber } }
    : { text: `no ${direction} entry of ${acl.id} at ${eni.subnetId} matches: its last one (*) denies`, by: { ...by, ruleNumber: "*" } };
}

function describeEntry(entry: NetworkAclEntry): string {
  const ports = entry.fromPort === undefined ? "" : entry.fromPort === entry.toPort ? ` port ${entry.fromPort}` : ` ports ${entry.fromPort}-${entry.toPort}`;
  return `${entry.action} ${entry.protocol === "-1" ? "all" : `protocol ${entry.protocol}`}${ports}, ${entry.cidrBlock}`;
}

function routeCause(network: Network, eni: NetworkInterface, reason: DropReason, packet: Packet): DropCause {
  const destination = formatIp(packet.destination), gateway = network.attachedGateway(eni.vpcId);
  const edge = network.has(eni, packet.destination) && gateway ? network.edgeTable(gateway.id) : undefined; // it came in by the gateway
  const table = edge ?? network.tableOf(eni.subnetId), found = network.route(table, packet.destination);
  const where = `${table.id} (${edge ? `of ${gateway!.id}` : `of ${eni.subnetId}`})`;
  if (reason === "NO_ROUTE" || !found) return { text: found ? `${where} had no route to ${destination}; it has changed since` : `${where} has no route to ${destination}`, by: { routeTable: table.id } };
  const by = { routeTable: table.id, route: found.route.destination, target: targetOf(found.route) };
  const route = `route ${found.route.destination} -> ${targetOf(found.route)} of ${where}`;
  if (reason === "BLACKHOLE") return { text: `${route} is a blackhole`, by };
  if (reason === "PEERING") return { text: `${route}: peering is not transitive, and ${formatIp(packet.source)} to ${destination} is not from one VPC to the other`, by };
  return { text: `${route}: ${lost(found, destination)}`, by };
}
const lost = (found: FoundRoute, destination: string): string => (found.route.target.kind === "local" || found.route.target.kind === "peering" ? `no running instance has ${destination}` : "its target is not there");

function targetOf({ target }: Route): string {
  switch (target.kind) {
    case "local": return "local";
    case "gateway": return target.gatewayId;
    case "interface": return target.networkInterfaceId;
    case "nat-gateway": return target.natGatewayId;
    case "peering": return target.vpcPeeringConnectionId;
  }
}

const natWords = {
  NAT_PROTOCOL: "carries TCP, UDP and ICMP echo only", NAT_FRAGMENT: "drops pieces of TCP and ICMP", NAT_PORTS: "has no port left for this destination (ErrorPortAllocation)",
  NAT_SOURCE: "serves its own VPC only", NAT_NO_CONNECTION: "knows no connection of this packet: it answers nothing itself, and forgets after 350 idle seconds",
} as const;
function natCause(network: Network, eni: NetworkInterface, reason: keyof typeof natWords): DropCause {
  const nat = network.natGatewayOf(eni)?.id ?? "the NAT gateway";
  return { text: `${nat} ${natWords[reason]}`, by: { natGateway: nat } };
}
