// Owns a packet as the network judges it: headers as numbers (addresses in host order), not bytes. RFC 791, 792, 768, 9293.

/** One direction of a conversation. Ports are 0 where the protocol has none; an ICMP echo has its identifier in both. */
export interface Headers {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}
export interface Packet extends Headers {
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  readonly tcpFlags?: number | undefined;
  /** Of a datagram in pieces; a later one has no ports. */
  readonly fragment?: "first" | "later" | undefined;
  readonly identification?: number | undefined; // what the pieces of one datagram have in common
  /** What an ICMP error quotes: the packet it is about, as that one left. */
  readonly about?: Headers | undefined;
}
export type Direction = "ingress" | "egress";

export const ICMP = 1, TCP = 6, UDP = 17;
export const FIN = 1, SYN = 2, RST = 4, ACK = 16;
export const ICMP_ECHO_REPLY = 0, ICMP_ECHO = 8;
/** ICMP messages that quote the packet they are about: unreachable, source quench, redirect, time exceeded, parameter problem. */
export const icmpErrors: readonly number[] = [3, 4, 5, 11, 12];

/** The answer to a packet: the other way round; an echo's answer is an echo reply. */
export function replyTo(packet: Packet): Packet {
  const back = { source: packet.destination, destination: packet.source, protocol: packet.protocol, sourcePort: packet.destinationPort, destinationPort: packet.sourcePort };
  if (packet.protocol === ICMP) return { ...back, icmpType: packet.icmpType === ICMP_ECHO ? ICMP_ECHO_REPLY : packet.icmpType, icmpCode: packet.icmpCode };
  return packet.protocol === TCP ? { ...back, tcpFlags: SYN | ACK } : back;
}

/** RFC 1918 and RFC 6598: on no internet. */
export function isPrivateAddress(ip: number): boolean {
  return ip >>> 24 === 10 || ip >>> 20 === 0xac1 || ip >>> 16 === 0xc0a8 || ip >>> 22 === 0x191;
}

/** What no route leads to: this host, loopback, link-local (RFC 3927), multicast and above. */
export function isUnroutable(ip: number): boolean {
  return ip >>> 24 === 0 || ip >>> 24 === 127 || ip >>> 16 === 0xa9fe || ip >>> 28 >= 14;
}
