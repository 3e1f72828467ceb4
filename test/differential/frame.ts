// Owns frames as bytes, both ways, in plain reading of RFC 791, 792, 768, 9293 and 826: encode makes every checksum from scratch, so an
// expected frame owes nothing to the program's own arithmetic; decode says what a frame is, or that it is malformed.

import type { Headers, Packet } from "../../src/model/packet.ts";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, TCP, UDP, icmpErrors } from "../../src/model/packet.ts";

export interface Inner extends Headers { readonly icmpType: number; readonly ihl: number; readonly version: number; readonly bytes: number } // what an ICMP error quotes; `bytes` after the inner header
export interface Frame {
  readonly destinationMac: string;
  readonly sourceMac: string;
  readonly etherType: number;
  readonly version: number;
  readonly options: number; // words of IP options
  readonly ihlError: number; // added to the header length that is written
  readonly lengthError: number; // added to the total length that is written
  readonly identification: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly about?: Inner | undefined;
  readonly payload: number; // bytes
  readonly noChecksum: boolean; // UDP may go without
  readonly fragment?: "first" | "later" | undefined; // the datagram's first 8n bytes, or the rest
  readonly firstPiece: number; // n
  readonly padding: number; // bytes behind the packet
  readonly cut?: number | undefined; // bytes that are left of the frame
}
export const ETHERNET = 14, IPV4 = 0x0800, ARP = 0x0806;

/** The Internet checksum of some bytes, from scratch (RFC 1071). */
export function checksum(bytes: Buffer, from: number, to: number, seed = 0): number {
  let sum = seed;
  for (let i = from; i + 1 < to; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if ((to - from) % 2) sum += bytes[to - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export const pseudoHeader = (f: { source: number; destination: number; protocol: number }, length: number): number =>
  (f.source >>> 16) + (f.source & 0xffff) + (f.destination >>> 16) + (f.destination & 0xffff) + f.protocol + length;

export function macBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

export function encode(f: Frame): Buffer {
  if (f.etherType === ARP) return encodeArp(f);
  const datagram = encodeTransport(f);
  const header = 20 + f.options * 4;
  const split = f.fragment === "later" ? Math.max(24, f.firstPiece * 8) : Math.min(f.firstPiece * 8, datagram.length & ~7); // a checksum is never in a later piece
  const body = f.fragment === undefined ? datagram : f.fragment === "first" ? datagram.subarray(0, split) : datagram.subarray(split);
  const out = Buffer.alloc(ETHERNET + header + body.length + f.padding);
  out.set(macBytes(f.destinationMac), 0);
  out.set(macBytes(f.sourceMac), 6);
  out.writeUInt16BE(f.etherType, 12);
  const ip = out.subarray(ETHERNET);
  ip[0] = ((f.version & 15) << 4) | ((5 + f.options + f.ihlError) & 15);
  ip[1] = 0x10;
  ip.writeUInt16BE((header + body.length + f.lengthError) & 0xffff, 2);
  ip.writeUInt16BE(f.identification, 4);
  ip.writeUInt16BE(f.fragment === undefined ? 0x4000 : f.fragment === "first" ? 0x2000 : split / 8, 6);
  ip[8] = f.ttl;
  ip[9] = f.protocol;
  ip.writeUInt32BE(f.source, 12);
  ip.writeUInt32BE(f.destination, 16);
  for (let i = 20; i < header; i++) ip[i] = i % 4 === 3 ? 0 : 1; // no operation, end of list
  ip.writeUInt16BE(checksum(ip, 0, header), 10);
  ip.set(body, header);
  if (f.etherType !== IPV4) return Buffer.concat([out, Buffer.alloc(Math.max(0, 60 - out.length))]); // as short as Ethernet has them
  return f.cut === undefined ? out : out.subarray(0, Math.max(ETHERNET + 20, Math.min(out.length, f.cut)));
}

/** Mostly a request of the sender's own; what else a frame says turns into what an ARP packet can have wrong. */
function encodeArp(f: Frame): Buffer {
  const out = Buffer.alloc(42 + f.padding);
  out.set(f.destinationMac === "02:00:00:00:00:01" ? Buffer.alloc(6, 255) : macBytes(f.destinationMac), 0);
  out.set(macBytes(f.sourceMac), 6);
  out.writeUInt16BE(ARP, 12);
  out.writeUInt16BE(1, 14);
  out.writeUInt16BE(f.version === 4 ? IPV4 : 0x86dd, 16);
  out.set([6, 4], 18);
  out.writeUInt16BE(f.ihlError === 0 ? 1 : 2, 20);
  out.set(macBytes(f.lengthError === 0 ? f.sourceMac : "02:00:00:00:00:99"), 22);
  out.writeUInt32BE(f.source, 28);
  out.writeUInt32BE(f.destination, 38);
  return f.cut === undefined ? out : out.subarray(0, Math.min(out.length, f.cut));
}

function encodeTransport(f: Frame): Buffer {
  const size = f.protocol === TCP ? 20 : f.protocol === UDP || f.protocol === ICMP ? 8 : 0;
  const inner = f.protocol === ICMP && f.about ? encodeInner(f.about) : undefined;
  const out = Buffer.alloc(size + (inner?.length ?? 0) + f.payload);
  for (let i = size; i < out.length; i++) out[i] = (i * 31 + f.payload) & 255;
  if (inner) out.set(inner, size);
  if (f.protocol === TCP) {
    out.writeUInt16BE(f.sourcePort, 0);
    out.writeUInt16BE(f.destinationPort, 2);
    out.writeUInt32BE(0x01020304, 4);
    out[12] = 0x50;
    out[13] = f.tcpFlags;
    out.writeUInt16BE(4096, 14);
    out.writeUInt16BE(checksum(out, 0, out.length, pseudoHeader(f, out.length)), 16);
  } else if (f.protocol === UDP) {
    out.writeUInt16BE(f.sourcePort, 0);
    out.writeUInt16BE(f.destinationPort, 2);
    out.writeUInt16BE(out.length, 4);
    if (!f.noChecksum) out.writeUInt16BE(checksum(out, 0, out.length, pseudoHeader(f, out.length)) || 0xffff, 6);
  } else if (f.protocol === ICMP) {
    out[0] = f.icmpType;
    out[1] = f.icmpCode;
    if (f.icmpType === ICMP_ECHO || f.icmpType === ICMP_ECHO_REPLY) out.writeUInt16BE(f.sourcePort, 4);
    out.writeUInt16BE(checksum(out, 0, out.length), 2);
  }
  return out;
}

function encodeInner(i: Inner): Buffer {
  const header = i.ihl * 4;
  const out = Buffer.alloc(Math.max(20, header) + 8);
  out[0] = (i.version << 4) | i.ihl;
  out.writeUInt16BE(header + 40, 2);
  out.writeUInt16BE(0x1234, 4);
  out[8] = 60;
  out[9] = i.protocol;
  out.writeUInt32BE(i.source, 12);
  out.writeUInt32BE(i.destination, 16);
  for (let at = 20; at < header; at++) out[at] = 1;
  out.writeUInt16BE(checksum(out, 0, Math.max(20, header)), 10);
  const at = Math.max(20, header);
  if (i.protocol === ICMP) {
    out[at] = i.icmpType;
    out.writeUInt16BE(i.sourcePort, at + 4);
  } else {
    out.writeUInt16BE(i.sourcePort, at);
    out.writeUInt16BE(i.destinationPort, at + 2);
    out.writeUInt32BE(0x99, at + 4);
  }
  return out.subarray(0, at + Math.min(8, i.bytes));
}

export type Decoded = { readonly malformed: true } | { readonly malformed: false; readonly packet: Packet };

/** @returns the packet in an IPv4 frame; a header that is not all there makes it malformed */
export function decode(frame: Buffer): Decoded {
  const bad: Decoded = { malformed: true };
  const ip = frame.subarray(ETHERNET);
  if (ip.length < 20 || ip[0]! >>> 4 !== 4) return bad;
  const header = (ip[0]! & 15) * 4, length = ip.readUInt16BE(2);
  if (header < 20 || length < header || length > ip.length) return bad;
  const protocol = ip[9]!, where = ip.readUInt16BE(6);
  const common = { source: ip.readUInt32BE(12), destination: ip.readUInt32BE(16), protocol, identification: ip.readUInt16BE(4), sourcePort: 0, destinationPort: 0 };
  if (where & 0x1fff) return { malformed: false, packet: { ...common, fragment: "later" } };
  const fragment = where & 0x2000 ? "first" as const : undefined;
  const body = ip.subarray(header, length);
  if (body.length < (protocol === TCP ? 20 : protocol === UDP || protocol === ICMP ? 8 : 0)) return bad;
  if (protocol === TCP) return { malformed: false, packet: { ...common, fragment, sourcePort: body.readUInt16BE(0), destinationPort: body.readUInt16BE(2), tcpFlags: body[13] } };
  if (protocol === UDP) return { malformed: false, packet: { ...common, fragment, sourcePort: body.readUInt16BE(0), destinationPort: body.readUInt16BE(2) } };
  if (protocol !== ICMP) return { malformed: false, packet: { ...common, fragment } };
  const type = body[0]!, id = type === ICMP_ECHO || type === ICMP_ECHO_REPLY ? body.readUInt16BE(4) : 0;
  const about = icmpErrors.includes(type) ? decodeInner(body.subarray(8)) : undefined;
  return { malformed: false, packet: { ...common, fragment, icmpType: type, icmpCode: body[1]!, sourcePort: id, destinationPort: id, about } };
}

/** What an error quotes: the header and at least 8 bytes behind it (RFC 792). Less says nothing. */
function decodeInner(ip: Buffer): Headers | undefined {
  if (ip.length < 20 || ip[0]! >>> 4 !== 4) return undefined;
  const header = (ip[0]! & 15) * 4;
  if (header < 20 || ip.length < header + 8) return undefined;
  const protocol = ip[9]!, body = ip.subarray(header);
  const echo = protocol === ICMP && (body[0] === ICMP_ECHO || body[0] === ICMP_ECHO_REPLY);
  const [sourcePort, destinationPort] = protocol === TCP || protocol === UDP ? [body.readUInt16BE(0), body.readUInt16BE(2)] : echo ? [body.readUInt16BE(4), body.readUInt16BE(4)] : [0, 0];
  return { source: ip.readUInt32BE(12), destination: ip.readUInt32BE(16), protocol, sourcePort, destinationPort };
}
