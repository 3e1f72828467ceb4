// Owns one line of `vpcbox drops --follow`: a drop that the program showed, with names, in words.

import type { LostDrops, ShownDrop } from "../datapath/watch.ts";
import type { DropReason } from "../datapath/tables.ts";
import { readNetwork, type Network } from "../model/network.ts";
import type { Direction, Packet } from "../model/packet.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { dropCause, ownLinkCause, type DropCause } from "./drop-cause.ts";
import { readFrame, type ShownPacket } from "./frame-headers.ts";
import { placeOf } from "./places.ts";

interface Where { readonly time: string; readonly interface: string; readonly instance: string; readonly name: string; readonly reason: DropReason }
export interface DropLine extends Where {
  readonly direction: Direction; // by the interface
  readonly packet: ShownPacket;
  readonly because: string;
  readonly by: DropCause["by"];
}
/** Drops of one reason at one interface that came too quickly to be shown. */
export interface LostLine extends Where { readonly lost: number }

const NO_PACKET: Packet = { source: 0, destination: 0, protocol: 0, sourcePort: 0, destinationPort: 0 };
const receivers: readonly DropReason[] = ["GROUP_INGRESS", "DESTINATION_CHECK", "ACL_INGRESS", "NAT_PROTOCOL", "NAT_FRAGMENT", "NAT_PORTS", "NAT_SOURCE", "NAT_NO_CONNECTION", "UNKNOWN_PUBLIC_ADDRESS"];

/** Reads one snapshot's names once. */
export class DropLines {
  readonly #snapshot: Snapshot;
  readonly #network: Network;
  readonly #interfaces: ReadonlyMap<number, NetworkInterface>;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#network = readNetwork(snapshot);
    this.#interfaces = new Map(snapshot.list("network-interface").map((eni) => [eni.index, eni]));
  }

  get revision(): number { return this.#snapshot.revision; }

  /** @param ownIfindex of the port's link */
  line(drop: ShownDrop, time: string, ownIfindex: number | undefined): DropLine {
    const where = this.#where(drop.port, drop.reason, time), { eni } = where;
    const { shown, packet } = readFrame(drop.bytes, drop.length);
    const direction = this.#direction(eni, drop, packet ?? NO_PACKET, ownIfindex);
    const { text, by } = eni ? dropCause(this.#network, eni, drop.reason, direction, packet ?? NO_PACKET) : ownLinkCause(drop.reason, packet);
    return { ...where.place, direction, packet: shown, because: text, by };
  }

  lost({ port, reason, packets }: LostDrops, time: string): LostLine {
    return { ...this.#where(port, reason, time).place, lost: packets };
  }

  #where(port: number, reason: DropReason, time: string): { readonly place: Where; readonly eni?: NetworkInterface | undefined } {
    const found = placeOf(this.#snapshot, this.#interfaces, port);
    return { place: { time, interface: found?.interface ?? `port ${port}`, instance: found?.instance ?? "", name: found?.name ?? "", reason }, eni: found?.eni };
  }

  /** From the interface or to it: by the reason where that says it, else by the link the packet came in at; a NAT gateway has none, and sends what is not to itself. */
  #direction(eni: NetworkInterface | undefined, { reason, entry }: ShownDrop, packet: Packet, ownIfindex: number | undefined): Direction {
    if (receivers.includes(reason)) return "ingress";
    if (reason === "GROUP_EGRESS" || reason === "ACL_EGRESS" || entry === ownIfindex) return "egress";
    return eni && this.#network.natGatewayOf(eni) && !this.#network.has(eni, packet.destination) ? "egress" : "ingress";
  }
}
