// Owns the step from EC2's records to what the kernel and the guests shall hold: pure, same snapshot, same answer. The only
// place with both vocabularies. What a route, a rule or an address means is decided in src/model; here it becomes numbers.

import { canonical, contains, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { Remembered, RememberedEach, RememberedList, RememberedMapping } from "../lib/remembered.ts";
import { natGatewayForwards } from "../model/lifecycle.ts";
import { loggedTraffic } from "../model/flow-logs.ts";
import { destinationBlocks, effectiveRouteTable, peeredVpcs, peeringPeer, routeState } from "../model/routing.ts";
import type { Instance, NatGateway, NetworkAcl, NetworkAclEntry, NetworkInterface, Route, RouteTable, SecurityGroup, SecurityGroupRule, Subnet, Vpc } from "../model/records.ts";
import type { Kind, Snapshot } from "../model/snapshot.ts";
import { protocolNumber } from "../model/protocols.ts";
import { INTERNET_PORT, SERVICES_PORT, defaultTimeouts, type AclEntry, type AclRule, type AddressEntry, type DesiredTables, type GroupEntry, type MemberEntry, type NatEntry, type PortEntry, type PublicEntry, type RouteEntry, type Rule, type VpcEntry } from "../datapath/tables.ts";

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

const natInterfaces = (snapshot: Snapshot): readonly NetworkInterface[] => snapshot.list("natgateway").filter(natGatewayForwards).flatMap((nat) => snapshot.get("network-interface", nat.networkInterfaceId) ?? []);

/** Interfaces that packets go through, and that flow logs may watch. */
export const loggedInterfaces = (snapshot: Snapshot): readonly NetworkInterface[] => [...liveInterfaces(snapshot), ...natInterfaces(snapshot)];

export interface Planner {
  live(snapshot: Snapshot): readonly NetworkInterface[];
  tables(snapshot: Snapshot): DesiredTables;
}

/** The plan of one snapshot by itself. */
export const planTables = (snapshot: Snapshot, own: OwnLinks): DesiredTables => createPlanner(own).tables(snapshot);

/**
 * Plans one snapshot after the other: what no edit touched is the last plan's very object. Numbers of records (`index`) never
 * change, and a number alone makes nothing depend on its record.
 */
export function createPlanner(own: OwnLinks): Planner {
  const live = new Remembered<readonly NetworkInterface[]>(), sameLive = new RememberedList<NetworkInterface>(), gateways = new Remembered<readonly NetworkInterface[]>(), sameGateways = new RememberedList<NetworkInterface>();
  const plugged = new Remembered<readonly NetworkInterface[]>(), carried = new Remembered<readonly string[]>(), carriedGroups = new RememberedList<SecurityGroup>();
  const port = new RememberedEach<NetworkInterface, PortEntry>(), tableRoutes = new RememberedEach<RouteTable, readonly RouteEntry[]>();
  const group = new RememberedEach<SecurityGroup, GroupEntry>(), acl = new RememberedEach<NetworkAcl, AclEntry>();
  const portList = new RememberedList<PortEntry>(), ports = new Remembered<readonly PortEntry[]>(), routeLists = new Remembered<readonly (readonly RouteEntry[])[]>(), routes = new Remembered<readonly RouteEntry[]>();
  const groups = new RememberedMapping<SecurityGroup, GroupEntry>(), namedBy = new RememberedMapping<SecurityGroup, readonly string[]>(), named = new Remembered<readonly string[]>(), members = new Remembered<readonly MemberEntry[]>(), acls = new Remembered<readonly AclEntry[]>();
  const addresses = new Remembered<readonly AddressEntry[]>(), publics = new Remembered<readonly PublicEntry[]>(), vpcs = new Remembered<readonly VpcEntry[]>(), nats = new Remembered<readonly NatEntry[]>();
  const counted = new Remembered<readonly number[]>();
  const ownPorts = [ownPort(INTERNET_PORT, "internet", own.internet), ownPort(SERVICES_PORT, "services", own.services)];
  const guestsOf = (snapshot: Snapshot): readonly NetworkInterface[] => live.of([snapshot.list("network-interface"), snapshot.list("instance")], () => sameLive.of(liveInterfaces(snapshot)));
  return {
    live: guestsOf,
    tables: (snapshot) => {
      const of = (...kinds: readonly Kind[]): unknown[] => kinds.map((kind) => snapshot.list(kind));
      const guests = guestsOf(snapshot), gates = gateways.of(of("natgateway", "network-interface"), () => sameGateways.of(natInterfaces(snapshot)));
      const all = plugged.of([guests, gates], () => [...guests, ...gates]);
      const places = of("subnet", "route-table", "network-acl", "vpc", "vpc-flow-log"), lists = of("prefix-list", "vpc-peering-connection");
      const planned = (eni: NetworkInterface, kind: "interface" | "nat"): PortEntry => port.of(eni, [kind, ...places], () => planPort(snapshot, eni, kind));
      const ids = carried.of([all], () => [...new Set(all.flatMap((eni) => eni.groupIds))]);
      const asked = carriedGroups.of(ids.map((id) => must(snapshot.get("security-group", id), `some interface's group ${id}`)));
      const namedOf = namedBy.of(asked, [], groupsNamedBy), namedIds = named.of(namedOf, () => [...new Set(namedOf.flat())]);
      const numbers = [...lists, ...namedIds.map((id) => snapshot.get("security-group", id)?.index)];
      const plannedGroup = (g: SecurityGroup): GroupEntry => group.of(g, [...lists, ...groupsNamedBy(g).map((id) => snapshot.get("security-group", id)?.index)], () => planGroup(snapshot, g));
      return {
        ports: ports.of([guests, gates, ...places], () => portList.of([...ownPorts, ...guests.map((eni) => planned(eni, "interface")), ...gates.map((eni) => planned(eni, "nat"))])),
        addresses: addresses.of([all], () => all.flatMap((eni) => planAddresses(snapshot, eni))),
        routes: (() => {
          const each = routeLists.of(of("route-table", ...routedKinds), () => snapshot.list("route-table").map((table) => tableRoutes.of(table, of(...kindsNamedBy(table)), () => planRoutes(snapshot, table))));
          return routes.of(each, () => each.flat());
        })(),
        publics: publics.of([all, ...of("elastic-ip")], () => planPublics(snapshot, all)),
        vpcs: vpcs.of(of("vpc", "internet-gateway", "route-table"), () => snapshot.list("vpc").map((vpc) => planVpc(snapshot, vpc))),
        groups: groups.of(asked, numbers, plannedGroup), // of others no packet asks
        members: members.of([all, ...namedIds], () => planMembers(snapshot, new Set(namedIds), all)),
        acls: acls.of(of("network-acl"), () => snapshot.list("network-acl").map((a) => acl.of(a, [], () => planAcl(a)))),
        nats: nats.of(of("natgateway", "network-interface"), () => snapshot.list("natgateway").filter(natGatewayForwards).map((nat) => planNat(snapshot, nat))),
        counted: counted.of(of("network-interface"), () => snapshot.list("network-interface").map((eni) => eni.index)),
      };
    },
  };
}

const namedGroups = new RememberedEach<SecurityGroup, readonly string[]>();
/** Groups that a group's rules refer to. */
const groupsNamedBy = (group: SecurityGroup): readonly string[] => namedGroups.of(group, [], () => [...new Set(group.rules.flatMap((r) => r.referencedGroupId ?? []))]);

const targetKinds: Readonly<Record<Route["target"]["kind"], readonly Kind[]>> = {
  "local": [], "gateway": ["internet-gateway"], "nat-gateway": ["natgateway", "network-interface"], "interface": ["network-interface", "instance"], "peering": ["vpc-peering-connection"],
};
const routedKinds: readonly Kind[] = [...new Set(Object.values(targetKinds).flat()), "prefix-list"];
const namedKinds = new RememberedEach<RouteTable, readonly Kind[]>();
/** Kinds of records that a table's routes go by. */
const kindsNamedBy = (table: RouteTable): readonly Kind[] =>
  namedKinds.of(table, [], () => [...new Set(table.routes.flatMap((r): readonly Kind[] => [...targetKinds[r.target.kind], ...(r.destination.startsWith("pl-") ? ["prefix-list" as const] : [])]))]);

const ownPort = (port: number, kind: "internet" | "services", link: { readonly name: string; readonly innerMac: string }): PortEntry => ({
  port, kind, link: link.name, mac: link.innerMac, sourceDestCheck: false, vpc: 0, subnet: 0, routeTable: 0, networkAcl: 0, router: 0, primaryAddress: 0, groups: [], timeouts: defaultTimeouts,
});

function planPort(snapshot: Snapshot, eni: NetworkInterface, kind: "interface" | "nat"): PortEntry {
  const subnet = subnetOf(snapshot, eni.subnetId);
  const { tcpEstablishedTimeoutSeconds: tcp, udpStreamTimeoutSeconds: udpStream, udpTimeoutSeconds: udp } = eni.connectionTracking ?? {};
  return {
    port: eni.index,
    link: kind === "nat" ? "" : linkName(eni),
    kind,
    mac: eni.macAddress,
    sourceDestCheck: kind !== "nat" && eni.sourceDestCheck,
    vpc: vpcOf(snapshot, eni.vpcId).index,
    subnet: subnet.index,
    routeTable: effectiveRouteTable(snapshot, subnet).index,
    networkAcl: askedAcl(snapshot.list("network-acl", subnet.region).find((acl) => acl.associations.some((a) => a.subnetId === subnet.id))),
    router: gatewayOf(subnet).address,
    primaryAddress: address(must(eni.privateAddresses[0], "an interface has a primary address").address),
    groups: eni.groupIds.map((id) => must(snapshot.get("security-group", id), `interface ${eni.id} names group ${id}`).index),
    timeouts: { tcpEstablishedSeconds: tcp ?? defaultTimeouts.tcpEstablishedSeconds, udpStreamSeconds: udpStream ?? defaultTimeouts.udpStreamSeconds, udpSeconds: udp ?? defaultTimeouts.udpSeconds },
    logs: loggedTraffic(snapshot, eni),
  };
}

function planAddresses(snapshot: Snapshot, eni: NetworkInterface): AddressEntry[] {
  const vpc = vpcOf(snapshot, eni.vpcId).index;
  return eni.privateAddresses.map((p) => ({ vpc, address: address(p.address), port: eni.index }));
}

/** Blocks before prefix lists: of two routes to one destination the written one holds (VPC user guide, "Route priority and prefix lists"). */
function planRoutes(snapshot: Snapshot, table: RouteTable): RouteEntry[] {
  const entries = new Map<string, RouteEntry>();
  for (const listed of [false, true])
    for (const route of table.routes.filter((r) => r.destination.startsWith("pl-") === listed))
      for (const block of blocksOf(snapshot, route.destination)) { // none of an IPv6 destination: kept and shown, no IPv6 packet moves
        const key = `${block.address}/${block.prefixLength}`;
        if (!entries.has(key)) entries.set(key, { routeTable: table.index, address: block.address, prefixLength: block.prefixLength, target: planTarget(snapshot, table, route) });
      }
  return [...entries.values()];
}

function planTarget(snapshot: Snapshot, table: RouteTable, route: Route): RouteEntry["target"] {
  if (routeState(snapshot, table, route) === "blackhole") return { kind: "blackhole" };
  const { target } = route;
  switch (target.kind) {
    case "local": return { kind: "local" };
    case "gateway": return { kind: "internet" };
    case "interface": return { kind: "port", port: must(snapshot.get("network-interface", target.networkInterfaceId), "an active route has its interface").index };
    case "nat-gateway": return { kind: "port", port: must(snapshot.get("network-interface", must(snapshot.get("natgateway", target.natGatewayId), "an active route has its NAT gateway").networkInterfaceId), "a NAT gateway has an interface").index };
    case "peering": {
      const peer = peeringPeer(snapshot, target.vpcPeeringConnectionId, table.vpcId);
      return peer === undefined ? { kind: "blackhole" } : { kind: "peering", vpc: vpcOf(snapshot, peer).index };
    }
  }
}

/** A block as it is, or those of a managed prefix list's current version. */
function blocksOf(snapshot: Snapshot, destination: string): readonly Cidr[] {
  return destinationBlocks(snapshot, destination).map(canonical);
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
    blocks: vpc.cidrAssociations.map((c) => must(parseCidr(c.cidrBlock), "a VPC's block parses")),
    edgeRouteTable: planEdge(snapshot, vpc),
  };
}

/** The table associated with the VPC's internet gateway, while that is attached. */
function planEdge(snapshot: Snapshot, vpc: Vpc): number {
  const gateway = snapshot.list("internet-gateway", vpc.region).find((g) => g.vpcId === vpc.id);
  return (gateway && snapshot.list("route-table", vpc.region).find((table) => table.associations.some((a) => a.gatewayId === gateway.id))?.index) ?? 0;
}

const openAcls = new RememberedEach<NetworkAcl, boolean>();
/** An ACL whose first entries each way let everything through, as the default one's do, need not be asked. */
function askedAcl(acl: NetworkAcl | undefined): number {
  const opens = ([first]: readonly AclRule[]): boolean => first !== undefined && first.allow && first.protocol === -1 && first.prefixLength === 0;
  if (!acl || openAcls.of(acl, [], () => { const { ingress, egress } = planAcl(acl); return opens(ingress) && opens(egress); })) return 0;
  return acl.index;
}

function planAcl(acl: NetworkAcl): AclEntry {
  const rules = (egress: boolean): AclRule[] => acl.entries.filter((e) => e.egress === egress).sort((a, b) => a.ruleNumber - b.ruleNumber).flatMap(planAclRule);
  return { acl: acl.index, ingress: rules(false), egress: rules(true) };
}

function planAclRule(entry: NetworkAclEntry): AclRule[] {
  const block = parseCidr(entry.cidrBlock);
  const protocol = entry.protocol === "-1" ? -1 : protocolNumber(entry.protocol);
  if (!block || protocol === undefined) return []; // an IPv6 entry
  const [from, to] = protocol === 1 ? [entry.icmpType ?? -1, entry.icmpCode ?? -1] : protocol === 6 || protocol === 17 ? [entry.fromPort ?? 0, entry.toPort ?? 65535] : [0, 65535];
  return [{ protocol, from, to, ...canonical(block), allow: entry.action === "allow" }];
}

const planNat = (snapshot: Snapshot, nat: NatGateway): NatEntry => ({
  port: must(snapshot.get("network-interface", nat.networkInterfaceId), "a NAT gateway has an interface").index,
  connectivity: nat.connectivityType,
  addresses: nat.addresses.map((a) => address(a.privateIp)),
});

function planGroup(snapshot: Snapshot, group: SecurityGroup): GroupEntry {
  const rules = (egress: boolean): Rule[] => group.rules.filter((r) => r.isEgress === egress).flatMap((r) => planRule(snapshot, group, r));
  return { group: group.index, ingress: rules(false), egress: rules(true) };
}

function planRule(snapshot: Snapshot, group: SecurityGroup, rule: SecurityGroupRule): Rule[] {
  const protocol = rule.protocol === "-1" ? -1 : protocolNumber(rule.protocol);
  if (protocol === undefined) return [];
  const ports = protocol === 6 || protocol === 17;
  const [from, to] = protocol === 1 ? [rule.fromPort, rule.toPort] : [ports ? Math.max(0, rule.fromPort) : 0, ports && rule.toPort >= 0 ? rule.toPort : 65535];
  return planRemotes(snapshot, group, rule).map((remote) => ({ protocol, from, to, remote }));
}

/** A block, every block of a prefix list, or a group of the same or a peered VPC; a stale reference or IPv6 is nobody. */
function planRemotes(snapshot: Snapshot, owner: SecurityGroup, rule: SecurityGroupRule): Rule["remote"][] {
  const destination = rule.cidrIpv4 ?? rule.prefixListId;
  if (destination !== undefined) return blocksOf(snapshot, destination).map((block) => ({ kind: "cidr", ...block }));
  const group = rule.referencedGroupId === undefined ? undefined : snapshot.get("security-group", rule.referencedGroupId);
  const known = group && (group.vpcId === owner.vpcId || peeredVpcs(snapshot, owner.vpcId).has(group.vpcId));
  return known ? [{ kind: "group", group: group.index }] : [];
}

/** Members of the groups that some rule refers to: their interfaces' private addresses, as AWS compares them. */
function planMembers(snapshot: Snapshot, referenced: ReadonlySet<string>, live: readonly NetworkInterface[]): MemberEntry[] {
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
