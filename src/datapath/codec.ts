// Owns the bytes of the kernel's tables: desired tables -> entries as the structs of maps.bpf.h lay them out. Pure. Numbers are
// little-endian (x86-64, arm64), addresses in network order. Entries are latin1 strings, so that maps of them compare quickly.

import { Remembered, RememberedEach, RememberedMap, RememberedMapping } from "../lib/remembered.ts";
import { INTERNET_PORT, SERVICES_PORT, type AclEntry, type AclRule, type DesiredTables, type GroupEntry, type NatEntry, type PortEntry, type Rule, type VpcEntry } from "./tables.ts";

export const tableSizes = {
  ports: [4, 124], numbers: [4, 4], own: [4, 4], addresses: [8, 8], routes: [12, 8], blocks: [12, 4], publics: [4, 16], privates: [8, 4], rules: [12, 1032], members: [8, 4], nats: [4, 40],
} as const satisfies Record<string, readonly [number, number]>;
export type TableName = keyof typeof tableSizes;
export type Entries = ReadonlyMap<string, string>;
export type EncodedTables = Readonly<Record<TableName, readonly Entries[]>>;

const P_CHECK = 1, P_INTERNET = 2, P_SERVICES = 4, P_GATEWAY = 8, P_DNS = 16, P_NAT = 32;
const P_LOG = { ACCEPT: 64, REJECT: 128, ALL: 64 | 128 } as const;
const P_OPEN = { ingress: { 6: 256, 17: 1024 }, egress: { 6: 512, 17: 2048 } } as const;
const routeKinds = { local: 1, internet: 2, port: 3, blackhole: 4, peering: 5 } as const;
const ruleKinds = { block: 0, group: 1, deny: 2 } as const;
export const MAX_GROUPS = 16, RULES_PER_CHUNK = 64, MAX_CHUNKS = 16, MAX_NAT_ADDRESSES = 8;

/** Builds a struct field by field. */
class Struct {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(size: number) { this.#bytes = Buffer.alloc(size); }
  u8(n: number): this { this.#bytes.writeUInt8(n, this.#at); this.#at += 1; return this; }
  u16(n: number): this { this.#bytes.writeUInt16LE(n, this.#at); this.#at += 2; return this; }
  u32(n: number): this { this.#bytes.writeUInt32LE(n >>> 0, this.#at); this.#at += 4; return this; }
  ip(n: number): this { this.#bytes.writeUInt32BE(n >>> 0, this.#at); this.#at += 4; return this; }
  mac(text: string): this { for (const part of text.split(":")) this.u8(Number.parseInt(part, 16)); return this; }
  toString(): string { return this.#bytes.toString("latin1"); }
}
const u32 = (n: number): string => new Struct(4).u32(n).toString();
export const portKey = u32;

/** Where the program finds a NAT gateway's port: it has no link. */
export const natIfindex = (port: number): number => (0x80000000 | port) >>> 0;

/**
 * Encodes one desired state after the other. A table is a list of parts without a key in common; what did not change since the
 * last time is the very same part, of the very same list.
 */
export class TableEncoder {
  readonly #tables = Object.fromEntries(Object.keys(tableSizes).map((name) => [name, new Remembered()])) as unknown as Readonly<Record<TableName, Remembered<readonly Entries[]>>>;
  readonly #found = new Remembered<ReadonlyMap<number, number>>();
  readonly #ifindexes = new RememberedMap<number, number>();
  readonly #opened = new Remembered<ReadonlyMap<number, number>>();
  readonly #groupNumbers = new RememberedMapping<GroupEntry, number>();
  readonly #groupFlags = new RememberedMapping<GroupEntry, number>();
  readonly #vpcOf = new Remembered<ReadonlyMap<number, VpcEntry>>();
  readonly #port = new RememberedEach<PortEntry, readonly [string, string]>();
  readonly #rules = new RememberedEach<GroupEntry | AclEntry, Entries>();
  readonly #groupRules = new RememberedMapping<GroupEntry, Entries>();
  readonly #aclRules = new RememberedMapping<AclEntry, Entries>();

  /**
   * @param ifindexOf of a port's link; undefined when the link is not there (yet): what would lead to it is left out. Of a function that
   * was given the last time, too, answers are remembered: links that came or went want another function.
   */
  encode({ ports, addresses, routes, publics, vpcs, groups, members, acls, nats }: DesiredTables, ifindexOf: (link: string) => number | undefined): EncodedTables {
    const ifindexes = this.#found.of([ports, ifindexOf], () => this.#ifindexes.of(new Map(ports.map((port) => [port.port, port.kind === "nat" ? natIfindex(port.port) : ifindexOf(port.link)] as const).filter((pair): pair is readonly [number, number] => pair[1] !== undefined))));
    const numbers = this.#groupNumbers.of(groups, [], (g) => g.group), flags = this.#groupFlags.of(groups, [], openness);
    const open = this.#opened.of([numbers, flags], () => new Map(numbers.map((group, i) => [group, flags[i]!])));
    const vpcOf = this.#vpcOf.of([vpcs], () => new Map(vpcs.map((v) => [v.vpc, v])));
    const table = (name: TableName, from: readonly unknown[], entries: () => Iterable<readonly [string, string]>): readonly Entries[] => this.#tables[name].of(from, () => [new Map(entries())]);
    const withLink = <T extends { readonly port: number }>(list: readonly T[], entry: (item: T, ifindex: number) => readonly [string, string]): (readonly [string, string])[] =>
      list.flatMap((item) => { const ifindex = ifindexes.get(item.port); return ifindex === undefined ? [] : [entry(item, ifindex)]; });
    return {
      ports: table("ports", [ports, ifindexes, open, vpcs], () => withLink(ports, (p, ifindex) => {
        const flags = p.groups.reduce((all, group) => all | (open.get(group) ?? 0), 0), vpc = vpcOf.get(p.vpc);
        return this.#port.of(p, [ifindex, flags, vpc], () => [u32(ifindex), encodePort(p, ifindex, flags, vpc)]);
      })),
      numbers: table("numbers", [ports, ifindexes], () => withLink(ports, ({ port }, ifindex) => [u32(port), u32(ifindex)])),
      own: table("own", [ifindexes], () => [INTERNET_PORT, SERVICES_PORT].map((port, i) => [u32(i), u32(ifindexes.get(port) ?? 0)])),
      addresses: table("addresses", [addresses, ifindexes], () => withLink(addresses, ({ vpc, address, port }, ifindex) => [new Struct(8).u32(vpc).ip(address).toString(), new Struct(8).u32(ifindex).u32(port).toString()])),
      routes: table("routes", [routes, ifindexes], () => routes.map(({ routeTable, address, prefixLength, target }) => {
        const to = target.kind === "port" ? (ifindexes.get(target.port) ?? 0) : target.kind === "peering" ? target.vpc : 0;
        return [lpmKey(prefixLength, routeTable, address), new Struct(8).u32(routeKinds[target.kind]).u32(to).toString()];
      })),
      blocks: table("blocks", [vpcs], () => vpcs.flatMap(({ vpc, blocks }) => blocks.map((block) => [lpmKey(block.prefixLength, vpc, block.address), u32(1)] as const))),
      publics: table("publics", [publics, ifindexes, vpcs], () => withLink(publics, ({ publicAddress, vpc, privateAddress }, ifindex) =>
        [new Struct(4).ip(publicAddress).toString(), new Struct(16).ip(privateAddress).u32(ifindex).u32(vpc).u32(vpcOf.get(vpc)?.edgeRouteTable ?? 0).toString()])),
      privates: table("privates", [publics, ifindexes], () => withLink(publics, ({ publicAddress, vpc, privateAddress }) => [new Struct(8).u32(vpc).ip(privateAddress).toString(), new Struct(4).ip(publicAddress).toString()])),
      rules: this.#tables.rules.of([groups, acls], () => [
        ...this.#groupRules.of(groups, [], (group) => this.#rules.of(group, [], () => encodeGroup(group))),
        ...this.#aclRules.of(acls, [], (acl) => this.#rules.of(acl, [], () => encodeAcl(acl))),
      ]),
      members: table("members", [members], () => members.map(({ group, address }) => [new Struct(8).u32(group).ip(address).toString(), u32(1)])),
      nats: table("nats", [nats], () => nats.map(encodeNat)),
    };
  }
}

function encodeNat({ port, connectivity, addresses }: NatEntry): readonly [string, string] {
  if (addresses.length > MAX_NAT_ADDRESSES) throw new Error(`NAT gateway at port ${port} has ${addresses.length} addresses, the datapath holds ${MAX_NAT_ADDRESSES}`);
  const out = new Struct(tableSizes.nats[1]).u32(addresses.length).u32(connectivity === "public" ? 1 : 0);
  for (const address of addresses) out.ip(address);
  return [u32(port), out.toString()];
}

const lpmKey = (prefixLength: number, table: number, address: number): string => new Struct(12).u32(32 + prefixLength).u32(table).ip(address).toString();

/** In which directions a group lets all of TCP and of UDP through, from and to anywhere. */
function openness({ ingress, egress }: GroupEntry): number {
  let flags = 0;
  for (const [direction, rules] of [["ingress", ingress], ["egress", egress]] as const)
    for (const protocol of [6, 17] as const)
      if (rules.some((r) => isForAnybody(r) && (r.protocol === -1 || (r.protocol === protocol && r.from === 0 && r.to === 65535)))) flags |= P_OPEN[direction][protocol];
  return flags;
}
const isForAnybody = ({ remote }: Rule): boolean => remote.kind === "cidr" && remote.prefixLength === 0;

function encodePort(p: PortEntry, ifindex: number, open: number, vpc: VpcEntry | undefined): string {
  const flags = open | (p.kind === "nat" ? P_NAT : 0) | (p.sourceDestCheck ? P_CHECK : 0) | (p.kind === "internet" ? P_INTERNET : 0) | (p.kind === "services" ? P_SERVICES : 0) | (vpc?.internetGateway ? P_GATEWAY : 0) | (vpc?.dns ? P_DNS : 0) | (p.logs ? P_LOG[p.logs] : 0);
  const out = new Struct(tableSizes.ports[1]).u32(p.port).u32(ifindex).mac(p.mac).u16(flags).u32(p.vpc).u32(p.subnet).u32(p.routeTable).u32(p.networkAcl).ip(p.router).ip(p.primaryAddress).ip(vpc?.dnsAddress ?? 0);
  out.u32(p.timeouts.tcpEstablishedSeconds).u32(p.timeouts.udpStreamSeconds).u32(p.timeouts.udpSeconds);
  if (p.groups.length > MAX_GROUPS) throw new Error(`port ${p.port} has ${p.groups.length} groups, the datapath holds ${MAX_GROUPS}`);
  out.u32(p.groups.length);
  for (const group of p.groups) out.u32(group);
  return out.toString();
}

/** Rules for anybody come first: the program takes the first that matches, and asks whether anybody may. */
function encodeGroup({ group, ingress, egress }: GroupEntry): Entries {
  const into = new Map<string, string>();
  for (const [direction, rules] of [[0, ingress], [1, egress]] as const)
    encodeChunks(group, direction, [...rules.filter(isForAnybody), ...rules.filter((r) => !isForAnybody(r))], encodeRule, into);
  return into;
}

function encodeAcl({ acl, ingress, egress }: AclEntry): Entries {
  const into = new Map<string, string>();
  for (const [direction, rules] of [[0, ingress], [1, egress]] as const) encodeChunks(acl, direction, rules, encodeAclRule, into);
  return into;
}

function encodeChunks<R>(number: number, direction: number, rules: readonly R[], encode: (rule: R, out: Struct) => void, into: Map<string, string>): void {
  const chunks = Math.ceil(rules.length / RULES_PER_CHUNK);
  if (chunks > MAX_CHUNKS) throw new Error(`group or ACL ${number} has ${rules.length} rules in a direction, the datapath holds ${MAX_CHUNKS * RULES_PER_CHUNK}`);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const part = rules.slice(chunk * RULES_PER_CHUNK, (chunk + 1) * RULES_PER_CHUNK);
    const out = new Struct(tableSizes.rules[1]).u32(part.length).u32(chunks);
    for (const rule of part) encode(rule, out);
    into.set(new Struct(12).u32(number).u32(direction).u32(chunk).toString(), out.toString());
  }
}

function encodeRule({ protocol, from, to, remote }: Rule, out: Struct): void {
  if (remote.kind === "cidr") encodeBlock(remote, out);
  else out.ip(0).u32(remote.group);
  encodeWhat(protocol, from, to, remote.kind === "group" ? ruleKinds.group : ruleKinds.block, out);
}

function encodeAclRule(rule: AclRule, out: Struct): void {
  encodeBlock(rule, out);
  encodeWhat(rule.protocol, rule.from, rule.to, rule.allow ? ruleKinds.block : ruleKinds.deny, out);
}

function encodeBlock({ address, prefixLength }: { readonly address: number; readonly prefixLength: number }, out: Struct): void {
  const mask = prefixLength === 0 ? 0 : 0xffffffff << (32 - prefixLength);
  out.ip((address & mask) >>> 0).ip(mask);
}

const encodeWhat = (protocol: number, from: number, to: number, kind: number, out: Struct): unknown =>
  out.u16(from & 0xffff).u16(to & 0xffff).u8(protocol < 0 ? 0 : protocol).u8(protocol < 0 ? 1 : 0).u8(kind).u8(0);
