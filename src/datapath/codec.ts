// Owns the bytes of the kernel's tables: desired tables -> entries as the structs of maps.bpf.h lay them out. Pure. Numbers are
// little-endian (x86-64, arm64), addresses in network order. Entries are latin1 strings, so that maps of them compare quickly.

import { INTERNET_PORT, SERVICES_PORT, type DesiredTables, type GroupEntry, type PortEntry, type Rule } from "./tables.ts";

export const tableSizes = {
  ports: [4, 100], numbers: [4, 4], own: [4, 4], addresses: [8, 8], routes: [12, 8], publics: [4, 12], privates: [8, 4], rules: [12, 1032], members: [8, 4],
} as const satisfies Record<string, readonly [number, number]>;
export type TableName = keyof typeof tableSizes;
export type Entries = Map<string, string>;
export type EncodedTables = Readonly<Record<TableName, Entries>>;

const P_CHECK = 1, P_INTERNET = 2, P_SERVICES = 4, P_GATEWAY = 8, P_DNS = 16;
const routeKinds = { local: 1, internet: 2, port: 3, blackhole: 4 } as const;
export const MAX_GROUPS = 16, RULES_PER_CHUNK = 64, MAX_CHUNKS = 16;

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

/** @param ifindexOf of a port's link; undefined when the link is not there (yet): what would lead to it is left out. */
export function encodeTables(desired: DesiredTables, ifindexOf: (link: string) => number | undefined): EncodedTables {
  const tables: EncodedTables = { ports: new Map(), numbers: new Map(), own: new Map(), addresses: new Map(), routes: new Map(), publics: new Map(), privates: new Map(), rules: new Map(), members: new Map() };
  const vpcs = new Map(desired.vpcs.map((v) => [v.vpc, v]));
  const ifindexes = new Map<number, number>();
  for (const port of desired.ports) {
    const ifindex = ifindexOf(port.link);
    if (ifindex === undefined) continue;
    ifindexes.set(port.port, ifindex);
    tables.ports.set(u32(ifindex), encodePort(port, ifindex, vpcs.get(port.vpc)));
    tables.numbers.set(u32(port.port), u32(ifindex));
  }
  tables.own.set(u32(0), u32(ifindexes.get(INTERNET_PORT) ?? 0));
  tables.own.set(u32(1), u32(ifindexes.get(SERVICES_PORT) ?? 0));
  for (const { vpc, address, port } of desired.addresses) {
    const ifindex = ifindexes.get(port);
    if (ifindex !== undefined) tables.addresses.set(new Struct(8).u32(vpc).ip(address).toString(), new Struct(8).u32(ifindex).u32(port).toString());
  }
  for (const { routeTable, address, prefixLength, target } of desired.routes) {
    if (target.kind === "peering") continue;
    const ifindex = target.kind === "port" ? (ifindexes.get(target.port) ?? 0) : 0;
    tables.routes.set(new Struct(12).u32(32 + prefixLength).u32(routeTable).ip(address).toString(), new Struct(8).u32(routeKinds[target.kind]).u32(ifindex).toString());
  }
  for (const { publicAddress, vpc, privateAddress, port } of desired.publics) {
    const ifindex = ifindexes.get(port);
    if (ifindex === undefined) continue;
    tables.publics.set(new Struct(4).ip(publicAddress).toString(), new Struct(12).ip(privateAddress).u32(ifindex).u32(vpc).toString());
    tables.privates.set(new Struct(8).u32(vpc).ip(privateAddress).toString(), new Struct(4).ip(publicAddress).toString());
  }
  for (const group of desired.groups) encodeGroup(group, tables.rules);
  for (const { group, address } of desired.members) tables.members.set(new Struct(8).u32(group).ip(address).toString(), u32(1));
  return tables;
}

function encodePort(p: PortEntry, ifindex: number, vpc: { readonly internetGateway: boolean; readonly dns: boolean; readonly dnsAddress: number } | undefined): string {
  const flags = (p.sourceDestCheck ? P_CHECK : 0) | (p.kind === "internet" ? P_INTERNET : 0) | (p.kind === "services" ? P_SERVICES : 0) | (vpc?.internetGateway ? P_GATEWAY : 0) | (vpc?.dns ? P_DNS : 0);
  const out = new Struct(tableSizes.ports[1]).u32(p.port).u32(ifindex).mac(p.mac).u16(flags).u32(p.vpc).u32(p.routeTable).ip(p.primaryAddress).ip(vpc?.dnsAddress ?? 0);
  if (p.groups.length > MAX_GROUPS) throw new Error(`port ${p.port} has ${p.groups.length} groups, the datapath holds ${MAX_GROUPS}`);
  out.u32(p.groups.length);
  for (const group of p.groups) out.u32(group);
  return out.toString();
}

function encodeGroup({ group, ingress, egress }: GroupEntry, into: Entries): void {
  for (const [direction, rules] of [[0, ingress], [1, egress]] as const) {
    const chunks = Math.ceil(rules.length / RULES_PER_CHUNK);
    if (chunks > MAX_CHUNKS) throw new Error(`group ${group} has ${rules.length} rules in a direction, the datapath holds ${MAX_CHUNKS * RULES_PER_CHUNK}`);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = rules.slice(chunk * RULES_PER_CHUNK, (chunk + 1) * RULES_PER_CHUNK);
      const out = new Struct(tableSizes.rules[1]).u32(part.length).u32(chunks);
      for (const rule of part) encodeRule(rule, out);
      into.set(new Struct(12).u32(group).u32(direction).u32(chunk).toString(), out.toString());
    }
  }
}

function encodeRule({ protocol, from, to, remote }: Rule, out: Struct): void {
  if (remote.kind === "cidr") {
    const mask = remote.prefixLength === 0 ? 0 : 0xffffffff << (32 - remote.prefixLength);
    out.ip((remote.address & mask) >>> 0).ip(mask);
  } else out.ip(0).u32(remote.group);
  out.u16(from & 0xffff).u16(to & 0xffff).u8(protocol < 0 ? 0 : protocol).u8(protocol < 0 ? 1 : 0).u8(remote.kind === "group" ? 1 : 0).u8(0);
}
