// Owns a guest's routes: rules in their order, tables, longest prefix, metric, and what a device that is down takes away (ip-rule(8),
// ip-route(8)); and which address a packet of its own leaves with (RFC 1122 3.3.4.3 as Linux does it).

import { contains, formatIp, maskOf, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { TCP, UDP, type Packet } from "../model/packet.ts";
import type { GuestFacts, RouteFact, RuleFact } from "./guest.ts";
import { protocolNumber } from "./guest-iptables-match.ts";

export type Device = GuestFacts["devices"][number];
export interface Way {
  readonly type: string; // "unicast", "local", "broadcast", "blackhole", "unreachable", "prohibit"; "none": no route
  readonly route?: RouteFact | undefined;
}
export interface Asked { readonly packet: Packet; readonly in: string; readonly mark: number; readonly out?: string | undefined }

export interface Routing {
  /** Where a packet goes that came in by `in` ("lo": the guest's own). */
  lookup(asked: Asked): Way;
  isLocal(address: number): boolean;
  /** The address that a device's packets leave with, towards `gateway` or an address on its link. */
  addressOf(device: string, towards: number): number | undefined;
  /** Selectors that were met and are not understood; the rules that have them are passed over. */
  readonly unclear: ReadonlySet<string>;
}

const failing = new Set(["blackhole", "unreachable", "prohibit", "throw"]);
const isAll = (text: string | undefined): boolean => text === undefined || text === "all" || text === "default" || text === "0.0.0.0/0";
const block = (text: string): Cidr | undefined => parseCidr(text.includes("/") ? text : `${text}/32`);

export function readRouting(facts: GuestFacts): Routing {
  const unclear = new Set<string>();
  const up = new Set(facts.devices.filter((device) => device.up).map((device) => device.name));
  const usable = facts.routes.filter((route) => route.device === undefined || route.device === "lo" || up.has(route.device) || route.table === "local");
  const rules = [...facts.rules].sort((a, b) => a.priority - b.priority);

  const lookup = (asked: Asked): Way => {
    for (const rule of rules) {
      if (rule.unknown !== undefined && rule.unknown.length > 0) { unclear.add(`ip rule ${rule.priority} (${rule.unknown.join(", ")})`); continue; }
      if (selects(rule, asked) === (rule.not === true)) continue;
      if (rule.action !== undefined) { if (failing.has(rule.action)) return { type: rule.action }; continue; }
      const found = best(usable, rule.table, asked);
      if (!found || found.type === "throw") continue;
      if (rule.suppressPrefixLength !== undefined && (block(found.destination)?.prefixLength ?? 0) <= rule.suppressPrefixLength) continue;
      return { type: found.type, route: found };
    }
    return { type: "none" };
  };
  const isLocal = (address: number): boolean => address >>> 24 === 127
    || facts.routes.some((route) => route.type === "local" && route.table === "local" && contains(block(route.destination) ?? { address: 0, prefixLength: 32 }, address));
  const addressOf = (device: string, towards: number): number | undefined => {
    const own = facts.devices.find((one) => one.name === device)?.addresses ?? [];
    const onLink = own.find(({ address, prefixLength }) => contains({ address: parseIp(address) ?? 0, prefixLength }, towards));
    return parseIp((onLink ?? own[0])?.address ?? "");
  };
  return { lookup, isLocal, addressOf, unclear };
}

function best(routes: readonly RouteFact[], table: string, asked: Asked): RouteFact | undefined {
  let found: RouteFact | undefined;
  let length = -1;
  for (const route of routes) {
    if (route.table !== table || (asked.out !== undefined && route.device !== asked.out)) continue;
    const to = isAll(route.destination) ? { address: 0, prefixLength: 0 } : block(route.destination);
    if (!to || !contains(to, asked.packet.destination)) continue;
    if (to.prefixLength > length || (to.prefixLength === length && route.metric < found!.metric)) { found = route; length = to.prefixLength; }
  }
  return found;
}

function selects(rule: RuleFact, { packet, in: device, mark }: Asked): boolean {
  const from = isAll(rule.from) ? undefined : block(rule.from);
  const to = isAll(rule.to) ? undefined : block(rule.to!);
  if (from && !contains(from, packet.source)) return false;
  if (to && !contains(to, packet.destination)) return false;
  if (rule.iif !== undefined && rule.iif !== device) return false;
  if (rule.oif !== undefined) return false; // asks for sockets that are bound to a device
  if (rule.protocol !== undefined && protocolNumber(rule.protocol) !== packet.protocol) return false;
  const ported = packet.protocol === TCP || packet.protocol === UDP;
  if (rule.sourcePorts !== undefined && !(ported && inRange(rule.sourcePorts, packet.sourcePort))) return false;
  if (rule.destinationPorts !== undefined && !(ported && inRange(rule.destinationPorts, packet.destinationPort))) return false;
  if (rule.fwmark === undefined) return true;
  const [value = 0, mask = 0xffffffff] = rule.fwmark.split("/").map(Number);
  return ((mark & mask) >>> 0) === ((value & mask) >>> 0);
}

function inRange(text: string, port: number): boolean {
  const [first = 0, last = first] = text.split("-").map(Number);
  return port >= first && port <= last;
}

/** The router of a device's subnet, as every subnet has it: its base address plus one. */
export function routerOf(device: Device): string | undefined {
  const own = device.addresses[0];
  const address = parseIp(own?.address ?? "");
  return own === undefined || address === undefined ? undefined : formatIp(((address & maskOf(own.prefixLength)) >>> 0) + 1);
}

/** The facts as they were if every device that is down were up again, with its link's route and, where there is none, a default route. */
export function withDevicesUp(facts: GuestFacts, names: readonly string[]): GuestFacts {
  const raised = facts.devices.filter((device) => names.includes(device.name));
  const routes = [...facts.routes];
  for (const device of raised) {
    for (const { address, prefixLength } of device.addresses) {
      const base = formatIp(((parseIp(address) ?? 0) & maskOf(prefixLength)) >>> 0);
      routes.push({ table: "main", type: "unicast", destination: `${base}/${prefixLength}`, device: device.name, source: address, metric: 0 });
    }
    if (!routes.some((route) => route.table === "main" && isAll(route.destination) && route.device !== undefined)) routes.push(defaultRoute(device));
  }
  return { ...facts, devices: facts.devices.map((device) => (names.includes(device.name) ? { ...device, up: true } : device)), routes };
}

export const defaultRoute = (device: Device): RouteFact =>
  ({ table: "main", type: "unicast", destination: "0.0.0.0/0", gateway: routerOf(device), device: device.name, source: device.addresses[0]?.address, metric: 0 });
