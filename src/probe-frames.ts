// Owns knowing a probe's packet again in the frames of many links, whatever was translated on the way: an echo and a datagram by their
// payload, a TCP connection's first segment by its sequence number (RFC 791, 792, 768, 9293).

import { formatIp } from "./lib/ip.ts";
import type { LinkFrame } from "./linux/frame-watch.ts";

export interface Mark { readonly marker: string; readonly port: number } // marker: 16 bytes as hex
export interface Frame {
  readonly where: string;
  readonly way: "in" | "out";
  readonly protocol: "icmp" | "tcp" | "udp";
  readonly ttl: number; // less by one for each that sent it on
  readonly text: string;
  readonly payload: string; // hex
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly echoReply: boolean;
  readonly syn: boolean;
  readonly ack: boolean;
  readonly reset: boolean;
  readonly sequence: number;
  readonly acknowledges: number;
}
const protocols: Readonly<Record<number, Frame["protocol"]>> = { 1: "icmp", 6: "tcp", 17: "udp" };

export function readFrame({ bytes, leaves }: LinkFrame, where: string): Frame | undefined {
  if (bytes.length < 34 || bytes.readUInt16BE(12) !== 0x0800) return undefined;
  const headerBytes = (bytes[14]! & 15) * 4;
  const protocol = protocols[bytes[23]!];
  const at = 14 + headerBytes;
  if (!protocol || bytes.length < at + 8) return undefined;
  const [source, destination] = [formatIp(bytes.readUInt32BE(26)), formatIp(bytes.readUInt32BE(30))];
  const ports = protocol !== "icmp";
  const [sourcePort, destinationPort] = ports ? [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)] : [0, 0];
  const isTcp = protocol === "tcp" && bytes.length >= at + 20;
  const flags = isTcp ? bytes[at + 13]! : 0;
  return {
    where, protocol, sourcePort, destinationPort,
    way: leaves ? "out" : "in", ttl: bytes[22]!,
    text: `${protocol} ${source}${ports ? `:${sourcePort}` : ""} -> ${destination}${ports ? `:${destinationPort}` : ""}`,
    payload: bytes.subarray(at + 8).toString("hex"),
    echoReply: protocol === "icmp" && bytes[at] === 0,
    syn: (flags & 2) !== 0, ack: (flags & 16) !== 0, reset: (flags & 4) !== 0,
    sequence: isTcp ? bytes.readUInt32BE(at + 4) : 0, acknowledges: isTcp ? bytes.readUInt32BE(at + 8) : 0,
  };
}
