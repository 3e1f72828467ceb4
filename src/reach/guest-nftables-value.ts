// Owns the values of nftables' expressions (libnftables-json(5), "Expressions") for one packet: what stands left and right of a
// condition, sets, maps, ranges and concatenations. "absent": the packet has no such field; "unknown": not understood here.

import { contains, parseIp } from "../lib/ip.ts";
import { ICMP, TCP, UDP } from "../model/packet.ts";
import type { Sight } from "./guest-firewall.ts";
import { protocolNumber } from "./guest-iptables-match.ts";

export type Json = Readonly<Record<string, unknown>>;
export type Sets = Map<string, readonly unknown[]>; // "inet filter NAME" -> elements
export type Value = number | string | readonly (number | string)[] | "absent" | "unknown";

export const asObject = (value: unknown): Json | undefined => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined);
export const oneOf = (value: Value): number | string => (typeof value === "object" ? "unknown" : value);

const words: Readonly<Record<string, number>> = {
  "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, redirect: 5, "echo-request": 8, "time-exceeded": 11, "parameter-problem": 12, // icmp type
  fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32,
  ssh: 22, domain: 53, http: 80, https: 443,
};
const states: Readonly<Record<string, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
const portFields: Readonly<Record<string, readonly number[]>> = { tcp: [TCP], udp: [UDP], th: [TCP, UDP, 33, 132, 136] };

/** @returns a number where it has one: addresses, ports, protocols, types, marks, flags, states */
export function valueOf(expression: unknown, sight: Sight, table: string, sets: Sets): Value {
  if (typeof expression === "number") return expression;
  if (typeof expression === "string") return literal(expression);
  const [name = "", body] = Object.entries(asObject(expression) ?? {})[0] ?? [];
  const details = asObject(body) ?? {};
  switch (name) {
    case "payload": return payload(String(details.protocol), String(details.field), sight);
    case "meta": return meta(String(details.key), sight);
    case "ct": return tracked(details, sight);
    case "fib": return fib(details, sight);
    case "elem": return valueOf(details.val, sight, table, sets);
    case "concat": return concatenate(body, sight, table, sets);
    case "map": return mapped(details, sight, table, sets);
    case "&": case "|": case "^": {
      const [left, right] = (Array.isArray(body) ? body : []).map((one) => flagsOf(one) ?? valueOf(one, sight, table, sets));
      if (left === "absent") return left;
      if (typeof left !== "number" || typeof right !== "number") return "unknown";
      return (name === "&" ? left & right : name === "|" ? left | right : left ^ right) >>> 0;
    }
    default: return "unknown";
  }
}

function literal(text: string): Value {
  return parseIp(text) ?? words[text] ?? (/^0x[0-9a-f]+$/i.test(text) ? Number(text) : text);
}

function concatenate(body: unknown, sight: Sight, table: string, sets: Sets): Value {
  const parts = (Array.isArray(body) ? body : []).map((one) => valueOf(one, sight, table, sets));
  if (parts.includes("unknown")) return "unknown";
  if (parts.includes("absent")) return "absent";
  return parts.every((one): one is number | string => typeof one !== "object") ? parts : "unknown";
}

function payload(protocol: string, field: string, { packet }: Sight): Value {
  if (protocol === "ip") {
    if (field === "saddr") return packet.source;
    if (field === "daddr") return packet.destination;
    return field === "protocol" ? packet.protocol : field === "version" ? 4 : "unknown";
  }
  if (protocol === "ip6" || protocol === "icmpv6") return "absent";
  if (protocol === "icmp") {
    if (packet.protocol !== ICMP) return "absent";
    return field === "type" ? packet.icmpType ?? 0 : field === "code" ? packet.icmpCode ?? 0 : field === "id" ? packet.sourcePort : "unknown";
  }
  const among = portFields[protocol];
  if (!among) return "unknown";
  if (!among.includes(packet.protocol) || packet.fragment === "later") return "absent";
  if (field === "sport") return packet.sourcePort;
  if (field === "dport") return packet.destinationPort;
  return field === "flags" && protocol === "tcp" ? packet.tcpFlags ?? 0 : "unknown";
}

function meta(key: string, sight: Sight): Value {
  switch (key) {
    case "iifname": case "iif": return sight.in ?? "";
    case "oifname": case "oif": return sight.out ?? "";
    case "l4proto": return sight.packet.protocol;
    case "nfproto": return "ipv4";
    case "protocol": return "ip";
    case "mark": return sight.mark;
    case "pkttype": return "host";
    default: return "unknown";
  }
}

function tracked(details: Json, sight: Sight): Value {
  const { original } = sight;
  if (details.dir === "reply") return "unknown";
  switch (details.key) {
    case "state": return states[sight.state]!;
    case "direction": return sight.state === "established" ? "reply" : "original";
    case "status": return (sight.translated.source ? 16 : 0) | (sight.translated.destination ? 32 : 0);
    case "l3proto": return "ipv4";
    case "protocol": return original.protocol;
    case "saddr": case "ip saddr": return original.source;
    case "daddr": case "ip daddr": return original.destination;
    case "proto-src": return original.sourcePort;
    case "proto-dst": return original.destinationPort;
    default: return "unknown";
  }
}

function fib(details: Json, sight: Sight): Value {
  const flags = Array.isArray(details.flags) ? details.flags : [details.flags];
  if (details.result !== "type" || flags.length !== 1) return "unknown";
  return sight.isLocal(flags[0] === "saddr" ? sight.packet.source : sight.packet.destination) ? "local" : "unicast";
}

function mapped(details: Json, sight: Sight, table: string, sets: Sets): Value {
  const key = valueOf(details.key, sight, table, sets);
  if (key === "unknown" || key === "absent") return key;
  for (const pair of elements(details.data, table, sets)) {
    const found = Array.isArray(pair) ? includes(pair[0], key, sight, table, sets) : "unknown";
    if (found !== false) return found === "unknown" ? found : valueOf((pair as unknown[])[1], sight, table, sets);
  }
  return "absent";
}

function elements(of: unknown, table: string, sets: Sets): readonly unknown[] {
  if (typeof of === "string" && of.startsWith("@")) return sets.get(`${table} ${of.slice(1)}`) ?? [];
  const set = asObject(of)?.set;
  return Array.isArray(set) ? set : set === undefined ? [of] : [set];
}

/** `left op right`. A list or a set on the right: any of them. */
export function compare(op: string, left: Value, right: unknown, sight: Sight, table: string, sets: Sets): boolean | "unknown" {
  const flags = flagsOf(right);
  if (op === "in" || (flags !== undefined && op !== "<" && op !== ">")) {
    if (flags !== undefined && typeof left === "number") return op === "in" ? (left & flags) !== 0 : (left === flags) === (op !== "!=");
    if (flags !== undefined) return "unknown";
  }
  if (op === "==" || op === "!=" || op === "in") {
    const found = includes(right, left, sight, table, sets);
    return found === "unknown" ? found : found === (op !== "!=");
  }
  const bound = valueOf(right, sight, table, sets);
  if (typeof left !== "number" || typeof bound !== "number") return "unknown";
  return op === "<" ? left < bound : op === ">" ? left > bound : op === "<=" ? left <= bound : op === ">=" ? left >= bound : "unknown";
}

/** The bits of a list of states, or of TCP flags; undefined: it is no such list. */
function flagsOf(right: unknown): number | undefined {
  const bits: Readonly<Record<string, number>> = { ...states, snat: 16, dnat: 32, fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };
  const list = Array.isArray(right) ? right : [right];
  if (!list.every((one) => typeof one === "string" && Object.hasOwn(bits, one))) return undefined;
  return list.reduce<number>((sum, one) => sum | bits[one as string]!, 0);
}

/** Whether `left` is what stands there, or one of them. */
export function includes(right: unknown, left: Value, sight: Sight, table: string, sets: Sets): boolean | "unknown" {
  if ((typeof right === "string" && right.startsWith("@")) || asObject(right)?.set !== undefined) {
    let unclear = false;
    for (const one of elements(right, table, sets)) {
      const found = includes(one, left, sight, table, sets);
      if (found === true) return true;
      unclear ||= found === "unknown";
    }
    return unclear ? "unknown" : false;
  }
  const object = asObject(right) ?? {};
  if (object.elem !== undefined) return includes(asObject(object.elem)?.val, left, sight, table, sets);
  if (Array.isArray(object.concat)) return Array.isArray(left) && allOf(object.concat, left as readonly Value[], sight, table, sets);
  if (typeof left === "object") return "unknown";
  const prefix = asObject(object.prefix);
  if (prefix) {
    const address = parseIp(String(prefix.addr));
    return address === undefined ? false : typeof left === "number" && contains({ address, prefixLength: Number(prefix.len) }, left);
  }
  if (Array.isArray(object.range)) {
    const [first, last] = object.range.map((one) => valueOf(one, sight, table, sets));
    return typeof first === "number" && typeof last === "number" ? typeof left === "number" && left >= first && left <= last : "unknown";
  }
  if (right === "*") return true;
  const value = typeof right === "string" && Object.hasOwn(states, right) ? states[right]! : valueOf(right, sight, table, sets);
  if (value === "unknown" || typeof value === "object") return "unknown";
  if (typeof left === "number" && typeof value === "string") return protocolNumber(value) === undefined ? "unknown" : protocolNumber(value) === left;
  if (typeof left === "string" && typeof value === "string" && value.endsWith("*")) return left.startsWith(value.slice(0, -1));
  return left === value;
}

function allOf(concat: readonly unknown[], left: readonly Value[], sight: Sight, table: string, sets: Sets): boolean | "unknown" {
  const found = concat.map((one, i) => includes(one, left[i] ?? "unknown", sight, table, sets));
  return found.includes(false) ? false : found.includes("unknown") ? "unknown" : true;
}
