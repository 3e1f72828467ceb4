// Owns the conditions of iptables' rules as iptables-save(8) prints them (iptables-extensions(8)). Each is read off the front of a
// rule's words. What is not known here is "unknown" as a whole: its words are skipped up to the next condition or the target.

import { contains, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { ICMP, TCP, UDP } from "../model/packet.ts";
import type { Part, Sight } from "./guest-firewall.ts";

/** What is left of a rule, and the protocol that `-p` named. */
export interface Words { rest: string[]; protocol: string | undefined }
type Condition = (sight: Sight) => boolean | "unknown";

const protocols: Readonly<Record<string, number>> = { icmp: ICMP, tcp: TCP, udp: UDP, igmp: 2, ipencap: 4, dccp: 33, ipv6: 41, gre: 47, esp: 50, ah: 51, "ipv6-icmp": 58, sctp: 132, udplite: 136 };
const icmpTypes: Readonly<Record<string, string>> = { "echo-request": "8", ping: "8", "echo-reply": "0", pong: "0", "destination-unreachable": "3", "time-exceeded": "11", any: "any" };
const tcpFlags: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ALL: 63, NONE: 0 };

/** The next condition of a rule, with its sign. */
export function readMatch(words: Words): Part {
  const not = words.rest[0] === "!";
  if (not) words.rest.shift();
  const flag = words.rest.shift()!;
  if (flag === "-m") {
    const name = words.rest.shift() ?? "";
    if (named.has(name)) return () => true; // its conditions follow, by names of their own
    const own = takeModule(words);
    return Object.hasOwn(modules, name) ? modules[name]!(own) : () => "unknown";
  }
  const read = Object.hasOwn(conditions, flag) ? conditions[flag]! : undefined;
  if (!read) {
    skip(words);
    return () => "unknown";
  }
  const condition = read(words);
  return (sight) => {
    const answer = condition(sight);
    return answer === "unknown" ? answer : answer !== not;
  };
}

const next = (words: Words): string => words.rest.shift() ?? "";
function skip(words: Words): void {
  while (words.rest.length > 0 && !/^(!|-[a-zA-Z]|--.+)$/.test(words.rest[0]!)) words.rest.shift();
}
/** The words of a `-m` module, signs among them, up to the next module or the target. */
function takeModule(words: Words): string[] {
  const own: string[] = [];
  while (words.rest.length > 0 && !/^-[a-zA-Z]$/.test(words.rest[0]!) && !(words.rest[0] === "!" && /^-[a-zA-Z]$/.test(words.rest[1] ?? ""))) own.push(words.rest.shift()!);
  return own;
}

/** Modules whose conditions are among `conditions`. */
const named = new Set(["tcp", "udp", "icmp", "multiport", "conntrack", "state", "iprange", "addrtype", "mark", "pkttype"]);
/** Modules that are judged as a whole. The first packet of a connection is asked about: it is within every rate. */
const modules: Readonly<Record<string, (own: readonly string[]) => Part>> = {
  comment: () => () => true,
  limit: () => () => true,
  hashlimit: (own) => () => !own.includes("--hashlimit-above"),
  connlimit: (own) => () => (own.includes("--connlimit-above") ? own.includes("!") : !own.includes("!")),
  recent: (own) => () => (own.includes("--set") && !own.includes("!") ? true : "unknown"),
};

const conditions: Readonly<Record<string, (words: Words) => Condition>> = {
  "-s": (words) => inBlock(next(words), (s) => s.packet.source),
  "-d": (words) => inBlock(next(words), (s) => s.packet.destination),
  "-i": (words) => device(next(words), (s) => s.in),
  "-o": (words) => device(next(words), (s) => s.out),
  "-f": () => (s) => s.packet.fragment === "later",
  "-p": (words) => {
    words.protocol = next(words);
    const number = protocolNumber(words.protocol);
    return number === undefined ? () => "unknown" : number === 0 ? () => true : (s) => s.packet.protocol === number;
  },
  "--sport": (words) => ports(next(words), (s) => [s.packet.sourcePort]),
  "--dport": (words) => ports(next(words), (s) => [s.packet.destinationPort]),
  "--sports": (words) => ports(next(words), (s) => [s.packet.sourcePort]),
  "--dports": (words) => ports(next(words), (s) => [s.packet.destinationPort]),
  "--ports": (words) => ports(next(words), (s) => [s.packet.sourcePort, s.packet.destinationPort]),
  "--tcp-flags": (words) => {
    const mask = flagBits(next(words)), set = flagBits(next(words));
    return (s) => ((s.packet.tcpFlags ?? 0) & mask) === set;
  },
  "--icmp-type": (words) => {
    const text = next(words);
    const m = /^(any|\d+)(?:\/(\d+))?$/.exec(icmpTypes[text] ?? text);
    if (!m) return () => "unknown";
    if (m[1] === "any" || m[1] === "255") return (s) => s.packet.protocol === ICMP;
    return (s) => s.packet.icmpType === Number(m[1]) && (m[2] === undefined || (s.packet.icmpCode ?? 0) === Number(m[2]));
  },
  "--ctstate": (words) => states(next(words)),
  "--state": (words) => states(next(words)),
  "--ctproto": (words) => {
    const number = protocolNumber(next(words));
    return number === undefined ? () => "unknown" : (s) => s.packet.protocol === number;
  },
  "--ctorigsrc": (words) => inBlock(next(words), (s) => s.original.source),
  "--ctorigdst": (words) => inBlock(next(words), (s) => s.original.destination),
  "--ctdir": (words) => {
    const wanted = next(words);
    return (s) => (wanted === "REPLY") === (s.state === "established");
  },
  "--src-range": (words) => range(next(words), (s) => s.packet.source),
  "--dst-range": (words) => range(next(words), (s) => s.packet.destination),
  "--src-type": (words) => addressType(next(words), (s) => s.packet.source),
  "--dst-type": (words) => addressType(next(words), (s) => s.packet.destination),
  "--mark": (words) => {
    const [value, mask = "0xffffffff"] = next(words).split("/").map(Number).map((n) => n >>> 0) as [number, number?];
    return (s) => ((s.mark & (mask as number)) >>> 0) === value;
  },
  "--pkt-type": (words) => {
    const wanted = next(words);
    return () => wanted === "unicast" || wanted === "host";
  },
};

export function protocolNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : text === "all" ? 0 : protocols[text];
}
const flagBits = (text: string): number => text.split(",").reduce((bits, name) => bits | (tcpFlags[name] ?? 0), 0);

function inBlock(text: string, of: (sight: Sight) => number): Condition {
  const block: Cidr | undefined = parseCidr(text.includes("/") ? text : `${text}/32`);
  return block ? (sight) => contains(block, of(sight)) : () => "unknown"; // a mask that is no prefix
}

/** "eth0"; "eth+" is every name that begins so. */
function device(name: string, of: (sight: Sight) => string | undefined): Condition {
  return (sight) => (name.endsWith("+") ? of(sight)?.startsWith(name.slice(0, -1)) ?? name === "+" : (of(sight) ?? "") === name);
}

function ports(text: string, of: (sight: Sight) => number[]): Condition {
  const ranges = text.split(",").map((part) => {
    const [first = "", last = first] = part.split(":");
    return [first === "" ? 0 : Number(first), last === "" ? 65535 : Number(last)] as const;
  });
  if (ranges.flat().some(Number.isNaN)) return () => "unknown";
  return (sight) => sight.packet.fragment !== "later" && of(sight).some((port) => ranges.some(([first, last]) => port >= first && port <= last));
}

function states(text: string): Condition {
  const wanted = text.split(",").map((name) => name.toLowerCase());
  return (s) => wanted.includes(s.state) || (wanted.includes("snat") && s.translated.source) || (wanted.includes("dnat") && s.translated.destination);
}

function range(text: string, of: (sight: Sight) => number): Condition {
  const [first, last] = text.split("-").map(parseIp);
  return first === undefined || last === undefined ? () => "unknown" : (sight) => of(sight) >= first && of(sight) <= last;
}

function addressType(text: string, of: (sight: Sight) => number): Condition {
  if (text !== "LOCAL" && text !== "UNICAST") return () => "unknown";
  return (sight) => sight.isLocal(of(sight)) === (text === "LOCAL");
}
