// Owns the search for every way that an access scope asks about (Network Access Analyzer guide, "How Network Access Analyzer works"):
// between internet gateways and network interfaces, and from interface to interface. What a group lets in or out proposes packets; the
// analyzer says which of them get through. Pure, and one step at a time: who drives it may do other things between the steps.

import { contains, formatIp, parseCidr, within, type Cidr } from "../lib/ip.ts";
import { arriveFromInternet, leaveInterface, type Hop } from "../model/hop.ts";
import { SYN, TCP, UDP, isPrivateAddress, isUnroutable, type Packet } from "../model/packet.ts";
import type { Network } from "../model/network.ts";
import { prefixListBlocks } from "../model/prefix-lists.ts";
import type { NetworkInterface, SecurityGroupRule } from "../model/records.ts";
import { peeredVpcs } from "../model/routing.ts";
import { analyze } from "./analyze.ts";
import { primaryOf } from "./endpoints.ts";
import type { Guests } from "./guest.ts";
import { someClient, someHost } from "./internet-hosts.ts";
import type { Answer, Endpoint, Header, PathComponent, Question } from "./question.ts";
import type { HeaderStatement, PortRange, ResourceStatement, Scope, ScopeEnd, ScopePath } from "./scope.ts";

type End = { readonly kind: "interface"; readonly interface: NetworkInterface } | { readonly kind: "internet-gateway"; readonly id: string; readonly vpcId: string };
interface Try { readonly protocol: "tcp" | "udp"; readonly port: number; readonly sourcePort?: number | undefined; readonly outside?: number | undefined } // outside: the internet's address
const WHOLE_INTERNET: Cidr = { address: 0, prefixLength: 0 };
const CLIENT_PORT = 32768;

/** Interfaces that a region's scopes look at: all that a packet can begin or end at. */
export const analyzedInterfaces = (network: Network, region: string): readonly NetworkInterface[] =>
  network.snapshot.list("network-interface", region).filter((eni) => eni.requesterManaged !== true && network.isPresent(eni));

/** The ways found, and undefined after each pair of ends that was looked at. @param guests what is known of instances on the way */
export function* findAccess(network: Network, region: string, scope: Scope, guests: Guests): Generator<readonly PathComponent[] | undefined> {
  const interfaces = analyzedInterfaces(network, region).map((eni): End => ({ kind: "interface", interface: eni }));
  const gateways = network.snapshot.list("internet-gateway", region).flatMap((g): End[] => (g.vpcId === undefined ? [] : [{ kind: "internet-gateway", id: g.id, vpcId: g.vpcId }]));
  for (const source of [...gateways, ...interfaces]) {
    for (const destination of source.kind === "interface" ? [...gateways, ...interfaces] : interfaces) {
      if (source === destination || !joined(network, source, destination)) continue;
      const paths = scope.match.filter((path) => mayBe(path.source, source) && mayBe(path.destination, destination));
      const barred = scope.exclude.some((path) => isPlain(path) && isWithin(path.source, source) && isWithin(path.destination, destination));
      if (paths.length > 0 && !barred) yield* waysBetween(network, source, destination, paths, scope.exclude, guests);
      yield undefined;
    }
  }
}

/** Excluded by its ends alone: no packet need be asked about. */
const isPlain = (path: ScopePath): boolean => !path.source?.header && !path.destination?.header && path.through.length === 0;
const isWithin = (end: ScopeEnd | undefined, is: End): boolean => !end?.resources || isResource(end.resources, is);

const vpcOf = (end: End): string => (end.kind === "interface" ? end.interface.vpcId : end.vpcId);
const joined = (network: Network, a: End, b: End): boolean => vpcOf(a) === vpcOf(b) || (a.kind === b.kind && peeredVpcs(network.snapshot, vpcOf(a)).has(vpcOf(b)));

/** One for each protocol and range of ports that some rule lets through. */
function* waysBetween(network: Network, source: End, destination: End, paths: readonly ScopePath[], exclude: readonly ScopePath[], guests: Guests): Generator<readonly PathComponent[]> {
  const instances = [source, destination].map((end) => (end.kind === "interface" ? end.interface.attachment?.instanceId : undefined));
  const between: Guests = (id) => (instances.includes(id) ? undefined : guests(id)); // the ends are asked about as a configuration, not as programs
  const told = new Set<string>();
  for (const rule of proposing(network, source, destination)) {
    for (const protocol of ["tcp", "udp"] as const) {
      if (rule.protocol !== "-1" && rule.protocol !== protocol) continue;
      for (const path of paths) {
        const key = `${protocol} ${rule.protocol === "-1" ? "all" : `${rule.fromPort}-${rule.toPort}`}`;
        if (told.has(key)) continue;
        const way = firstWay(network, source, destination, triesOf(network, source, destination, rule, protocol, path, exclude), path, exclude, between);
        if (!way) continue;
        told.add(key);
        yield way;
      }
    }
  }
}

/** The rules that decide at the end that is an interface: inbound ones of the destination, outbound ones on the way out. */
function proposing(network: Network, source: End, destination: End): readonly SecurityGroupRule[] {
  const [eni, egress] = destination.kind === "interface" ? [destination.interface, false] : [(source as End & { kind: "interface" }).interface, true];
  return eni.groupIds.flatMap((id) => network.snapshot.get("security-group", id)?.rules ?? []).filter((rule) => rule.isEgress === egress);
}

/** Packets worth asking about: the edges of what rule and scope allow, and those beside what is excluded. */
function triesOf(network: Network, source: End, destination: End, rule: SecurityGroupRule, protocol: "tcp" | "udp", path: ScopePath, exclude: readonly ScopePath[]): Try[] {
  const statements = [path.source?.header, path.destination?.header].filter((header) => header !== undefined);
  if (statements.some((header) => header.protocols && !header.protocols.includes(protocol))) return [];
  const excluded = exclude.flatMap((one) => [one.source?.header, one.destination?.header]).filter((header) => header !== undefined);
  const allowed = statements.reduce<readonly PortRange[]>((ranges, header) => (header.destinationPorts ? meet(ranges, header.destinationPorts) : ranges), [rule.protocol === "-1" || rule.fromPort < 0 ? { from: 1, to: 65535 } : { from: rule.fromPort, to: rule.toPort }]);
  const ports = edges(allowed, excluded.flatMap((header) => header.destinationPorts ?? []));
  const sourcePort = statements.flatMap((header) => header.sourcePorts ?? [])[0]?.from;
  if (source.kind === "interface" && destination.kind === "interface") return ports.map((port) => ({ protocol, port, sourcePort }));
  const inwards = source.kind === "internet-gateway";
  const blocks = statements.reduce<readonly Cidr[]>((left, header) => { const wanted = inwards ? header.sources : header.destinations; return wanted ? meetBlocks(left, wanted) : left; }, blocksOf(network, rule));
  const outsides = outsideAddresses(blocks, excluded.flatMap((header) => (inwards ? header.sources : header.destinations) ?? []), inwards ? someClient : someHost);
  return ports.flatMap((port) => outsides.map((outside) => ({ protocol, port, sourcePort, outside })));
}

const blocksOf = (network: Network, rule: SecurityGroupRule): readonly Cidr[] => {
  const block = rule.cidrIpv4 === undefined ? undefined : parseCidr(rule.cidrIpv4);
  return block ? [block] : rule.prefixListId === undefined ? [] : prefixListBlocks(network.snapshot, rule.prefixListId);
};
const meet = (a: readonly PortRange[], b: readonly PortRange[]): PortRange[] => a.flatMap((x) => b.map((y) => ({ from: Math.max(x.from, y.from), to: Math.min(x.to, y.to) }))).filter((r) => r.from <= r.to);
const meetBlocks = (a: readonly Cidr[], b: readonly Cidr[]): Cidr[] => a.flatMap((x) => b.flatMap((y) => (within(x, y) ? [x] : within(y, x) ? [y] : [])));
const edges = (ranges: readonly PortRange[], holes: readonly PortRange[]): number[] =>
  [...new Set(ranges.flatMap(({ from, to }) => [from, ...holes.flatMap((hole) => [hole.from - 1, hole.to + 1]).filter((port) => port >= from && port <= to), to]))];

/** Addresses of the internet inside the blocks: the usual one where it is in, the first ones, and those beside the holes. */
function outsideAddresses(blocks: readonly Cidr[], holes: readonly Cidr[], usual: string): number[] {
  const start = (block: Cidr): number => block.address + (block.prefixLength < 31 ? 1 : 0);
  const end = (block: Cidr): number => block.address + 2 ** (32 - block.prefixLength);
  const usualAddress = parseCidr(`${usual}/32`)!.address;
  const wanted = blocks.flatMap((block) => [...(contains(block, usualAddress) ? [usualAddress] : []), start(block), ...holes.flatMap((hole) => [hole.address - 1, end(hole)]).filter((address) => contains(block, address))]);
  const publicOnes = wanted.map((address) => (isPrivateAddress(address) || isUnroutable(address) ? (blocks.some((block) => block.prefixLength === WHOLE_INTERNET.prefixLength) ? usualAddress : address) : address));
  return [...new Set(publicOnes)].filter((address) => !isPrivateAddress(address) && !isUnroutable(address));
}

function firstWay(network: Network, source: End, destination: End, tries: readonly Try[], path: ScopePath, exclude: readonly ScopePath[], guests: Guests): readonly PathComponent[] | undefined {
  for (const one of tries) {
    const hop = firstHop(network, source, destination, one);
    if (!hop || hop.drop || (path.through.length > 0 && isDirect(hop, destination))) continue;
    const answer = analyze(network, questionOf(source, destination, one), guests);
    if (!getsThrough(answer, one)) continue;
    const way = answer.forward;
    if (matches(path, source, destination, way) && !exclude.some((excluded) => matches(excluded, source, destination, way))) return way;
  }
  return undefined;
}

/** From end to end with nothing between that a scope could name. */
const isDirect = (hop: Hop, destination: End): boolean => destination.kind === "interface" && hop.to?.kind === "interface" && hop.to.interface.id === destination.interface.id && !hop.checks.some((check) => check.what === "peering");

/** A quick look whether it is worth a whole analysis. */
function firstHop(network: Network, source: End, destination: End, one: Try): Hop | undefined {
  const base = { protocol: one.protocol === "tcp" ? TCP : UDP, sourcePort: one.sourcePort ?? CLIENT_PORT, destinationPort: one.port, ...(one.protocol === "tcp" ? { tcpFlags: SYN } : {}) };
  if (source.kind === "interface") {
    const to = destination.kind === "interface" ? primaryOf(destination.interface) : one.outside!;
    return leaveInterface(network, source.interface, { ...base, source: primaryOf(source.interface), destination: to });
  }
  const inside = (destination as End & { kind: "interface" }).interface;
  const mapping = network.translation.publicOf(inside.vpcId, primaryOf(inside));
  const packet: Packet = { ...base, source: one.outside!, destination: mapping?.publicAddress ?? 0 };
  return mapping && arriveFromInternet(network, packet);
}

const endpointOf = (end: End): Endpoint => (end.kind === "interface" ? { kind: "interface", id: end.interface.id } : { kind: "internet-gateway", id: end.id });

function questionOf(source: End, destination: End, one: Try): Question {
  const outside = one.outside === undefined ? undefined : formatIp(one.outside);
  return {
    source: endpointOf(source), destination: endpointOf(destination), protocol: one.protocol, port: one.port,
    sourceIp: source.kind === "internet-gateway" ? outside : undefined, destinationIp: destination.kind === "internet-gateway" ? outside : undefined,
    filterAtSource: one.sourcePort === undefined ? undefined : { sourcePorts: { from: one.sourcePort, to: one.sourcePort } },
  };
}

/** There, and for TCP back. What a host of the internet does with it is no matter of this network. */
const getsThrough = (answer: Answer, { protocol }: Try): boolean =>
  answer.explanations.every((cause) => cause.component.kind === "internet" || (protocol === "udp" && cause.direction === "return"));

function matches(path: ScopePath, source: End, destination: End, way: readonly PathComponent[]): boolean {
  const headers = way.flatMap((c) => c.outbound ?? c.inbound ?? []);
  const arrived = way.flatMap((c) => c.inbound ?? c.outbound ?? []).at(-1);
  return isEnd(path.source, source, way) && isEnd(path.destination, destination, way)
    && (!path.source?.header || headerMatches(path.source.header, sentHeader(way) ?? headers[0])) && (!path.destination?.header || headerMatches(path.destination.header, arrived))
    && path.through.every((through) => way.slice(1, -1).some((c) => names(through, c)));
}

const sentHeader = (way: readonly PathComponent[]): Header | undefined => way.map((c) => (c.component.kind === "internet-gateway" ? c.inbound : (c.outbound ?? c.inbound))).find((header) => header !== undefined);

/** By the resource alone, before the way is known; a peering connection may be on it. */
const mayBe = (end: ScopeEnd | undefined, is: End): boolean => !end?.resources || isResource(end.resources, is) || [...end.resources.ids].some((id) => id.startsWith("pcx-")) || end.resources.types.has("AWS::EC2::VPCPeeringConnection");
const isEnd = (end: ScopeEnd | undefined, is: End, way: readonly PathComponent[]): boolean => !end?.resources || isResource(end.resources, is) || way.some((c) => c.component.kind === "peering" && names(end.resources!, c));

function isResource({ ids, types }: ResourceStatement, end: End): boolean {
  if (end.kind === "internet-gateway") return ids.has(end.id) || types.has("AWS::EC2::InternetGateway");
  const eni = end.interface;
  const instanceId = eni.attachment?.instanceId;
  return ids.has(eni.id) || ids.has(eni.subnetId) || ids.has(eni.vpcId) || eni.groupIds.some((id) => ids.has(id)) || (instanceId !== undefined && ids.has(instanceId))
    || types.has("AWS::EC2::NetworkInterface") || (instanceId !== undefined && types.has("AWS::EC2::Instance"));
}

const typeOf: Readonly<Partial<Record<PathComponent["component"]["kind"], string>>> = { "nat-gateway": "AWS::EC2::NatGateway", "peering": "AWS::EC2::VPCPeeringConnection" };
const names = ({ ids, types }: ResourceStatement, c: PathComponent): boolean => ids.has(c.component.id) || (c.attachedTo !== undefined && ids.has(c.attachedTo.id)) || types.has(typeOf[c.component.kind] ?? "");

function headerMatches(statement: HeaderStatement, header: Header | undefined): boolean {
  if (!header) return false;
  const inBlocks = (blocks: readonly Cidr[] | undefined, address: string): boolean => !blocks || blocks.some((block) => contains(block, parseCidr(`${address}/32`)!.address));
  const inRanges = (ranges: readonly PortRange[] | undefined, port: number | undefined): boolean => !ranges || (port !== undefined && ranges.some(({ from, to }) => port >= from && port <= to));
  return (!statement.protocols || (statement.protocols as readonly string[]).includes(header.protocol)) && inBlocks(statement.sources, header.source) && inBlocks(statement.destinations, header.destination)
    && inRanges(statement.sourcePorts, header.sourcePort) && inRanges(statement.destinationPorts, header.destinationPort);
}
