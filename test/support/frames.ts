// Owns frames made by hand, for what no honest sender sends and for the program run on one packet. RFC 791, 768, 9293, 792.

import { must } from "../../src/lib/assert.ts";
import { parseIp } from "../../src/lib/ip.ts";

export interface FrameSpec {
  readonly from: string;
  readonly to: string;
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: number; // TCP
  readonly type?: number; // ICMP
  readonly code?: number;
  readonly payload?: Uint8Array;
  readonly sourceMac: string;
  readonly id?: number;
  readonly fragment?: number; // the whole field: flags and offset in eights
  readonly options?: Uint8Array; // of IP, a multiple of four
  readonly ack?: number;
}

const ICMP = 1, TCP = 6, UDP = 17;
const ip = (text: string): number => must(parseIp(text), text);
const ROUTER = "02:00:00:00:00:01";
const macBytes = (text: string): Buffer => Buffer.from(text.replaceAll(":", ""), "hex");

export function checksum(...parts: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const pseudo = (from: number, to: number, protocol: number, length: number): Buffer => {
  const out = Buffer.alloc(12);
  out.writeUInt32BE(from, 0);
  out.writeUInt32BE(to, 4);
  out[9] = protocol;
  out.writeUInt16BE(length, 10);
  return out;
};

export function frame(spec: FrameSpec): Buffer {
  const protocol = spec.protocol ?? UDP, payload = spec.payload ?? Buffer.alloc(0), [from, to] = [ip(spec.from), ip(spec.to)];
  const later = ((spec.fragment ?? 0) & 0x1fff) !== 0;
  let l4: Buffer = Buffer.from(payload);
  if (!later && protocol === UDP) {
    l4 = Buffer.concat([Buffer.alloc(8), payload]);
    l4.writeUInt16BE(spec.sport ?? 1000, 0);
    l4.writeUInt16BE(spec.dport ?? 2000, 2);
    l4.writeUInt16BE(l4.length, 4);
    l4.writeUInt16BE(checksum(pseudo(from, to, protocol, l4.length), l4) || 0xffff, 6);
  } else if (!later && protocol === TCP) {
    l4 = Buffer.concat([Buffer.alloc(20), payload]);
    l4.writeUInt16BE(spec.sport ?? 1000, 0);
    l4.writeUInt16BE(spec.dport ?? 2000, 2);
    l4.writeUInt32BE(spec.ack ?? 0, 8);
    l4[12] = 5 << 4;
    l4[13] = spec.flags ?? 2;
    l4.writeUInt16BE(1000, 14);
    l4.writeUInt16BE(checksum(pseudo(from, to, protocol, l4.length), l4), 16);
  } else if (!later && protocol === ICMP) {
    l4 = Buffer.concat([Buffer.alloc(8), payload]);
    l4[0] = spec.type ?? 8;
    l4[1] = spec.code ?? 0;
    l4.writeUInt16BE(spec.sport ?? 1000, 4);
    l4.writeUInt16BE(checksum(l4), 2);
  }
  const options = spec.options ?? Buffer.alloc(0);
  const header = Buffer.concat([Buffer.alloc(20), options]);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + l4.length, 2);
  header.writeUInt16BE(spec.id ?? 1, 4);
  header.writeUInt16BE(spec.fragment ?? 0, 6);
  header[8] = 64;
  header[9] = protocol;
  header.writeUInt32BE(from, 12);
  header.writeUInt32BE(to, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([macBytes(ROUTER), macBytes(spec.sourceMac), Buffer.from([8, 0]), header, l4]);
}

export interface Read { readonly from: string; readonly to: string; readonly protocol: number; readonly sport: number; readonly dport: number; readonly flags: number; readonly type: number; readonly code: number; readonly mtu: number; readonly good: boolean; readonly destinationMac: string }
const dotted = (bytes: Buffer, at: number): string => [...bytes.subarray(at, at + 4)].join(".");

/** Reads a frame back. `good`: every checksum in it is right. */
export function read(bytes: Buffer): Read {
  const header = bytes.subarray(14, 14 + (bytes[14]! & 15) * 4), l4 = bytes.subarray(14 + header.length, 14 + bytes.readUInt16BE(16));
  const protocol = header[9]!, [from, to] = [header.readUInt32BE(12), header.readUInt32BE(16)], later = (header.readUInt16BE(6) & 0x1fff) !== 0;
  const whole = (header.readUInt16BE(6) & 0x2000) === 0 && !later;
  const l4Good = !whole || (protocol === ICMP ? checksum(l4) === 0 : protocol === TCP || protocol === UDP ? checksum(pseudo(from, to, protocol, l4.length), l4) === 0 : true);
  const ports = !later && (protocol === TCP || protocol === UDP), echo = !later && protocol === ICMP;
  return {
    from: dotted(header, 12), to: dotted(header, 16), protocol, good: checksum(header) === 0 && l4Good,
    sport: ports ? l4.readUInt16BE(0) : echo ? l4.readUInt16BE(4) : 0, dport: ports ? l4.readUInt16BE(2) : 0,
    flags: protocol === TCP && !later ? l4[13]! : 0, type: echo ? l4[0]! : 0, code: echo ? l4[1]! : 0, mtu: echo ? l4.readUInt16BE(6) : 0,
    destinationMac: bytes.subarray(0, 6).toString("hex").replace(/(..)(?=.)/g, "$1:"),
  };
}
