// Owns the step from EC2's records to what the kernel and the guests shall hold: pure, same snapshot, same answer. The only
// place with both vocabularies. What a route, a rule or an address means is decided in src/model; here it becomes numbers.

import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { effectiveRouteTable, routeState } from "../model/routing.ts";
import type { Instance, NetworkInterface, SecurityGroup, SecurityGroupRule, Subnet, Vpc } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { protocolNumber } from "../model/protocols.ts";
import { INTERNET_PORT, SERVICES_PORT, type AddressEntry, type DesiredTables, type GroupEntry, type MemberEntry, type PortEntry, type PublicEntry, type RouteEntry, type Rule, type VpcEntry } from "../datapath/tables.ts";

/** The box's own two links, whose inner ends have fixed MAC addresses. */
export interface OwnLinks { readonly internet: { readonly name: string; readonly innerMac: string }; readonly services: { readonly name: string; readonly innerMac: string } }

/** Link names: prefixed and short (IFNAMSIZ is 16), so that prune knows its own. */
export const linkName = (networkInterface: NetworkInterface): string => `vb${networkInterface.index}`;

/** An instance that has, is about to have, or still has a guest: its network is there until the guest has ended. */
export const isLive = (instance: Instance | undefined): boolean => instance !== undefined && instance.state !== "stopped" && instance.state !== "terminated";

/** Interfaces that are plugged into a live instance, in order of their device index. */
export function liveInterfaces(snapshot: Snapshot): readonly NetworkInterface[] {
  return snapshot.list("network-interface").filter((eni) => eni.attachment && isLive(snapshot.get("instance", eni.attachment.instanceId)));
}

export function planTables(snapshot: Snapshot, own: OwnLinks): DesiredTables {
  const live = liveInterfaces(snapshot);
  return {
    ports: [ownPort(INTERNET_PORT, "internet", own.internet), ownPort(SERVICES_PORT, "services", own.services), ...live.map((eni) => planPort(snapshot, eni))],
    addresses: live.flatMap((eni) => planAddresses(snapshot, eni)),
    routes: planRoutes(snapshot),
    publics: planPublics(snapshot, live),
    vpcs: snapshot.list("vpc").map((vpc) => planVpc(snapshot, vpc)),
    groups: snapshot.list("security-group").map((group) => planGroup(snapshot, group)),
    members: planMembers(snapshot, live),
  };
}

const ownPort = (port: number, kind: "internet" | "services", link: { readonly name: string; readonly innerMac: string }): PortEntry => ({
  port, kind, link: link.name, mac: link.innerMac, sourceDestCheck: false, vpc: 0, subnet: 0, routeTable: 0, primaryAddress: 0, groups: [],
});

function planPort(snapshot: Snapshot, eni: NetworkInterface): PortEntry {
  const subnet = subnetOf(snapshot, eni.subnetId);
  return {
    port: eni.index,
    link: linkName(eni),
    kind: "interface",
    mac: eni.macAddress,
    sourceDestCheck: eni.sourceDestCheck,
    vpc: vpcOf(snapshot, eni.vpcId).index,
    subnet: subnet.index,
    routeTable: effectiveRouteTable(snapshot, subnet).index,
    primaryAddress: address(must(eni.privateAddresses[0], "an interface has a primary address").address),
    groups: eni.groupIds.map((id) => must(snapshot.get("security-group", id), `interface ${eni.id} names group ${id}`).index),
  };
}

function planAddresses(snapshot: Snapshot, eni: NetworkInterface): AddressEntry[] {
  const vpc = vpcOf(snapshot, eni.vpcId).index;
  return eni.privateAddresses.map((p) => ({ vpc, address: address(p.address), port: eni.index }));
}

function planRoutes(snapshot: Snapshot): RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (const table of snapshot.list("route-table"))
    for (const route of table.routes) {
      const block = parseCidr(route.destination);
      if (!block) continue; // an IPv6 destination: kept and shown, no IPv6 packet moves
      entries.push({ routeTable: table.index, address: block.address, prefixLength: block.prefixLength, target: targetOf() });
      function targetOf(): RouteEntry["target"] {
        if (routeState(snapshot, table, route) === "blackhole") return { kind: "blackhole" };
        const target = route.target;
        if (target.kind === "local") return { kind: "local" };
        if (target.kind === "gateway") return { kind: "internet" };
        if (target.kind === "nat-gateway" || target.kind === "peering") return { kind: "blackhole" }; // no packet moves through these yet
        return { kind: "port", port: must(snapshot.get("network-interface", target.networkInterfaceId), "an active route has its interface").index };
      }
    }
  return entries;
}

function planPublics(snapshot: Snapshot, live: readonly NetworkInterface[]): PublicEntry[] {
  const byPrivate = new Map<string, PublicEntry>();
  const add = (eni: NetworkInterface, privateIp: string, publicIp: string): void => {
    byPrivate.set(`${eni.id} ${privateIp}`, { publicAddress: address(publicIp), vpc: vpcOf(snapshot, eni.vpcId).index, privateAddress: address(privateIp), port: eni.index });
  };
  for (const eni of live) for (const p of eni.privateAddresses) if (p.publicIp !== undefined) add(eni, p.address, p.publicIp);
  const liveById = new Map(live.map((eni) => [eni.id, eni]));
  for (const eip of snapshot.list("elastic-ip")) {
    const eni = eip.networkInterfaceId === undefined ? undefined : liveById.get(eip.networkInterfaceId);
    if (eni && eip.privateIp !== undefined) add(eni, eip.privateIp, eip.publicIp); // an Elastic IP takes the place of a given address
  }
  return [...byPrivate.values()];
}

function planVpc(snapshot: Snapshot, vpc: Vpc): VpcEntry {
  const primary = must(parseCidr(must(vpc.cidrAssociations[0], "a VPC has a block").cidrBlock), "a VPC's block parses");
  return {
    vpc: vpc.index,
    internetGateway: snapshot.list("internet-gateway", vpc.region).some((gateway) => gateway.vpcId === vpc.id),
    dns: vpc.enableDnsSupport,
    dnsAddress: primary.address + 2,
  };
}

function planGroup(snapshot: Snapshot, group: SecurityGroup): GroupEntry {
  const rules = (egress: boolean): Rule[] => group.rules.filter((r) => r.isEgress === egress).flatMap((r) => planRule(snapshot, r));
  return { group: group.index, ingress: rules(false), egress: rules(true) };
}

function planRule(snapshot: Snapshot, rule: SecurityGroupRule): Rule[] {
  const remote = planRemote(snapshot, rule);
  const protocol = rule.protocol === "-1" ? -1 : protocolNumber(rule.protocol);
  if (!remote || protocol === undefined) return [];
  const ports = protocol === 6 || protocol === 17;
  if (protocol === 1) return [{ protocol, from: rule.fromPort, to: rule.toPort, remote }];
  return [{ protocol, from: ports ? Math.max(0, rule.fromPort) : 0, to: ports && rule.toPort >= 0 ? rule.toPort : 65535, remote }];
}

function planRemote(snapshot: Snapshot, rule: SecurityGroupRule): Rule["remote"] | undefined {
  if (rule.cidrIpv4 !== undefined) {
    const block = must(parseCidr(rule.cidrIpv4), `rule ${rule.id} has a block`);
    return { kind: "cidr", address: block.address, prefixLength: block.prefixLength };
  }
  const group = rule.referencedGroupId === undefined ? undefined : snapshot.get("security-group", rule.referencedGroupId);
  return group && { kind: "group", group: group.index }; // a stale reference, IPv6 or a prefix list matches nothing here
}

/** Members of the groups that some rule refers to: their interfaces' private addresses, as AWS compares them. */
function planMembers(snapshot: Snapshot, live: readonly NetworkInterface[]): MemberEntry[] {
  const referenced = new Set(snapshot.list("security-group").flatMap((g) => g.rules.map((r) => r.referencedGroupId)));
  return live.flatMap((eni) => eni.groupIds.filter((id) => referenced.has(id)).flatMap((id) => {
    const group = must(snapshot.get("security-group", id), `group ${id}`).index;
    return eni.privateAddresses.map((p) => ({ group, address: address(p.address) }));
  }));
}

const address = (text: string): number => must(parseIp(text), `${text} is an address`);
const vpcOf = (snapshot: Snapshot, id: string): Vpc => must(snapshot.get("vpc", id), `VPC ${id}`);
export const subnetOf = (snapshot: Snapshot, id: string): Subnet => must(snapshot.get("subnet", id), `subnet ${id}`);

/** The subnet's router, base+1, which is every guest's gateway. */
export function gatewayOf(subnet: Subnet): { readonly address: number; readonly prefixLength: number } {
  const block = must(parseCidr(subnet.cidrBlock), "a subnet has a block");
  const router = { address: block.address + 1, prefixLength: block.prefixLength };
  return must(contains(block, router.address) ? router : undefined, "base+1 lies in the subnet");
}
