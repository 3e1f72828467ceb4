// Owns what a translation makes of a packet (RFC 3022; netfilter's nf_nat_core): the source or the destination of the first packet of
// a connection, and both turned back on the answer. Ports stay where nothing asks otherwise and no other connection has them.

import { maskOf } from "../lib/ip.ts";
import { ICMP, TCP, UDP, type Packet } from "../model/packet.ts";
import type { Translation } from "./guest-firewall.ts";

export interface Addresses { readonly outgoing: number | undefined; readonly incoming: number | undefined } // of the device by which it leaves, came

/** The packet after `how` has been applied at its source (postrouting, input) or destination (prerouting, output). */
export function translated(packet: Packet, how: Translation, at: "source" | "destination", own: Addresses): Packet {
  const hasPorts = packet.protocol === TCP || packet.protocol === UDP;
  const address = at === "source" ? packet.source : packet.destination;
  const port = at === "source" ? packet.sourcePort : packet.destinationPort;
  const toAddress = newAddress(how, address, own);
  const toPort = hasPorts && how.kind !== "netmap" && how.port !== undefined && !(port >= how.port && port <= (how.lastPort ?? how.port)) ? how.port : port;
  if (at === "source") return { ...packet, source: toAddress, sourcePort: toPort };
  return { ...packet, destination: toAddress, destinationPort: toPort };
}

function newAddress(how: Translation, address: number, own: Addresses): number {
  switch (how.kind) {
    case "masquerade": return own.outgoing ?? address;
    case "redirect": return own.incoming ?? 0x7f000001;
    case "netmap": return ((address & ~maskOf(how.prefixLength)) | (how.address & maskOf(how.prefixLength))) >>> 0;
    default: return how.address ?? address;
  }
}

/** Whether `packet` belongs to the connection whose first packet left as `leftAs`: as its answer, or as an error about it. */
export function answers(packet: Packet, leftAs: Packet): boolean {
  if (packet.about) return packet.about.source === leftAs.source && packet.about.destination === leftAs.destination && packet.about.protocol === leftAs.protocol;
  return packet.protocol === leftAs.protocol && packet.source === leftAs.destination && packet.destination === leftAs.source
    && (packet.protocol === ICMP ? packet.sourcePort === leftAs.sourcePort : packet.sourcePort === leftAs.destinationPort && packet.destinationPort === leftAs.sourcePort);
}

/** An answer with its destination turned back: what the guest's routes see. An error's quotation is turned back too. */
export function destinationTurnedBack(answer: Packet, cameAs: Packet): Packet {
  const about = answer.about && { ...answer.about, source: cameAs.source, sourcePort: cameAs.sourcePort };
  return { ...answer, destination: cameAs.source, destinationPort: answer.about ? answer.destinationPort : cameAs.sourcePort, ...(answer.protocol === ICMP && !answer.about ? { sourcePort: cameAs.sourcePort } : {}), ...(about ? { about } : {}) };
}

/** Its source turned back: what the one who asked sees. */
export function sourceTurnedBack(answer: Packet, cameAs: Packet): Packet {
  if (answer.about) return { ...answer, about: { ...answer.about, destination: cameAs.destination, destinationPort: cameAs.destinationPort } };
  return { ...answer, source: cameAs.destination, ...(answer.protocol === ICMP ? {} : { sourcePort: cameAs.destinationPort }) };
}
