// Owns a frame's bytes read for people: link, network and transport headers, as far as the bytes go. RFC 791, 792, 768, 826, 9293.

import { formatIp } from "../lib/ip.ts";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, TCP, UDP, icmpErrors, type Headers, type Packet } from "../model/packet.ts";

const IPV4 = 0x0800, ARP = 0x0806, VLAN = 0x8100, IPV6 = 0x86dd;
const protocolNames: Readonly<Record<number, string>> = { 1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp" };
const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"] as const;

/** What is shown of a packet; only what it has. */
export interface ShownPacket {
  readonly sourceMac?: string | undefined;
  readonly destinationMac?: string | undefined;
  readonly vlan?: number | undefined;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly protocol: string; // "tcp", "arp", "ipv6", a protocol's number
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  readonly flags?: readonly string[] | undefined; // TCP
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  readonly icmpId?: number | undefined; // of an echo
  readonly arp?: "request" | "reply" | "other" | undefined;
  readonly fragmentOffset?: number | undefined; // of a piece
  readonly length: number; // of the IP packet; of the frame when it has none
}
export interface ReadFrame { readonly shown: ShownPacket; /** As the network judges it; none: it is no whole IPv4 header. */ readonly packet?: Packet | undefined }

const mac = (bytes: Buffer): string => bytes.toString("hex").replace(/(..)(?=.)/g, "$1:");

/** @param length of the frame, of which `bytes` may be the beginning */
export function readFrame(bytes: Buffer, length: number): ReadFrame {
  if (bytes.length < 14) return { shown: { protocol: "short", length } };
  const macs = { destinationMac: mac(bytes.subarray(0, 6)), sourceMac: mac(bytes.subarray(6, 12)) };
  const outer = bytes.readUInt16BE(12), tagged = outer === VLAN && bytes.length >= 18;
  const type = tagged ? bytes.readUInt16BE(16) : outer, body = bytes.subarray(tagged ? 18 : 14), vlan = tagged ? bytes.readUInt16BE(14) & 0xfff : undefined;
  if (type === ARP && body.length >= 28) return { shown: { ...macs, vlan, protocol: "arp", arp: (["request", "reply"] as const)[body.readUInt16BE(6) - 1] ?? "other", source: formatIp(body.readUInt32BE(14)), destination: formatIp(body.readUInt32BE(24)), length } };
  if (type === IPV4 && body.length >= 20) return readIp(body, { ...macs, vlan });
  return { shown: { ...macs, vlan, protocol: type === IPV4 ? "ipv4" : type === IPV6 ? "ipv6" : `ethertype 0x${type.toString(16).padStart(4, "0")}`, length } };
}

function readIp(ip: Buffer, link: object): ReadFrame {
  const protocol = ip[9]!, where = ip.readUInt16BE(6), offset = (where & 0x1fff) * 8, piece = (where & 0x3fff) !== 0, body = ip.subarray((ip[0]! & 15) * 4);
  const headers = { source: ip.readUInt32BE(12), destination: ip.readUInt32BE(16), protocol, sourcePort: 0, destinationPort: 0 };
  const shown = { ...link, source: formatIp(headers.source), destination: formatIp(headers.destination), protocol: protocolNames[protocol] ?? String(protocol), length: ip.readUInt16BE(2), fragmentOffset: piece ? offset : undefined };
  const common = { ...headers, fragment: !piece ? undefined : offset > 0 ? "later" as const : "first" as const, identification: ip.readUInt16BE(4) };
  if (offset > 0 || ip[0]! >> 4 !== 4) return { shown, packet: common };
  if ((protocol === TCP && body.length >= 14) || (protocol === UDP && body.length >= 4)) {
    const ports = { sourcePort: body.readUInt16BE(0), destinationPort: body.readUInt16BE(2) };
    if (protocol === UDP) return { shown: { ...shown, ...ports }, packet: { ...common, ...ports } };
    const flags = body[13]!;
    return { shown: { ...shown, ...ports, flags: flagNames.filter((_, bit) => flags & (1 << bit)) }, packet: { ...common, ...ports, tcpFlags: flags } };
  }
  if (protocol === ICMP && body.length >= 8) {
    const [icmpType, icmpCode] = [body[0]!, body[1]!], echo = icmpType === ICMP_ECHO || icmpType === ICMP_ECHO_REPLY, id = echo ? body.readUInt16BE(4) : 0;
    return { shown: { ...shown, icmpType, icmpCode, icmpId: echo ? id : undefined }, packet: { ...common, icmpType, icmpCode, sourcePort: id, destinationPort: id, about: icmpErrors.includes(icmpType) ? readQuoted(body.subarray(8)) : undefined } };
  }
  return { shown, packet: common };
}

function readQuoted(ip: Buffer): Headers | undefined {
  if (ip.length < 20) return undefined;
  const body = ip.subarray((ip[0]! & 15) * 4), ports = (ip[9] === TCP || ip[9] === UDP) && body.length >= 4;
  return { source: ip.readUInt32BE(12), destination: ip.readUInt32BE(16), protocol: ip[9]!, sourcePort: ports ? body.readUInt16BE(0) : 0, destinationPort: ports ? body.readUInt16BE(2) : 0 };
}
