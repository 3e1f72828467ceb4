// Owns what a NAT gateway makes of a packet (VPC user guide, "NAT gateway basics"): TCP, UDP and ICMP echo from its own VPC get one of
// its addresses and a port; only answers come in. The kernel program (nat.bpf.h) holds the connections; here they are the walk's. Pure.

import { parseIp } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import type { Network } from "./network.ts";
import { ACK, ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, SYN, TCP, UDP, type Headers, type Packet } from "./packet.ts";
import type { NatGateway } from "./records.ts";

export type NatReason = "NAT_PROTOCOL" | "NAT_SOURCE" | "NAT_NO_CONNECTION";
/** A connection: the packet that began it as it came, and as it left. */
export interface NatConnection { readonly natGatewayId: string; readonly cameAs: Packet; readonly leftAs: Packet }
export type Translated = { readonly packet: Packet; readonly connection?: NatConnection } | { readonly reason: NatReason };

/** @param port that it takes for a new connection: any of 1024-65535, nobody knows which */
export function throughNatGateway(network: Network, gateway: NatGateway, packet: Packet, connections: readonly NatConnection[], port: number): Translated {
  const own = gateway.addresses.map((a) => must(parseIp(a.privateIp), "a gateway's address parses"));
  if (own.includes(packet.destination)) {
    if (!carried(packet, ICMP_ECHO_REPLY)) return { reason: "NAT_NO_CONNECTION" };
    const connection = connections.find((c) => c.natGatewayId === gateway.id && answers(packet, c.leftAs));
    if (!connection) return { reason: "NAT_NO_CONNECTION" };
    const { source, sourcePort } = connection.cameAs;
    return { packet: { ...packet, destination: source, destinationPort: sourcePort, ...(packet.protocol === ICMP ? { sourcePort } : {}) } };
  }
  if (!network.inVpc(gateway.vpcId, packet.source)) return { reason: "NAT_SOURCE" };
  if (!carried(packet, ICMP_ECHO)) return { reason: packet.protocol === ICMP ? "NAT_NO_CONNECTION" : "NAT_PROTOCOL" };
  const known = connections.find((c) => c.natGatewayId === gateway.id && sameHeaders(packet, c.cameAs));
  if (!known && packet.protocol === TCP && ((packet.tcpFlags ?? SYN) & (SYN | ACK)) !== SYN) return { reason: "NAT_NO_CONNECTION" };
  if (known) return { packet: { ...packet, source: known.leftAs.source, sourcePort: known.leftAs.sourcePort } };
  const leftAs = { ...packet, source: own[0]!, sourcePort: port, ...(packet.protocol === ICMP ? { destinationPort: port } : {}) };
  return { packet: leftAs, connection: { natGatewayId: gateway.id, cameAs: packet, leftAs } };
}

const carried = (packet: Packet, echoType: number): boolean => packet.protocol === TCP || packet.protocol === UDP || (packet.protocol === ICMP && packet.icmpType === echoType);

export const sameHeaders = (a: Headers, b: Headers): boolean =>
  a.protocol === b.protocol && a.source === b.source && a.destination === b.destination && a.sourcePort === b.sourcePort && a.destinationPort === b.destinationPort;
/** Goes the other way of the same conversation. */
export const answers = (a: Headers, b: Headers): boolean =>
  a.protocol === b.protocol && a.source === b.destination && a.destination === b.source && a.sourcePort === b.destinationPort && a.destinationPort === b.sourcePort;
