// Owns which address stands for which at a VPC's edge (VPC user guide, "Enable internet access for a VPC using an internet gateway":
// 1:1 and stateless; "NAT gateways"). Pure, over one snapshot's records.

import { parseIp } from "../lib/ip.ts";
import type { Packet } from "./packet.ts";
import type { NetworkInterface } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export interface PublicMapping { readonly publicAddress: number; readonly privateAddress: number; readonly interface: NetworkInterface }
export interface Translation {
  /** The public address that an interface's private one has outside. */
  publicOf(vpcId: string, privateAddress: number): PublicMapping | undefined;
  ownerOf(publicAddress: number): PublicMapping | undefined;
}

/** @param isPresent interfaces that are plugged into a living instance: the others' addresses lead nowhere */
export function readTranslation(snapshot: Snapshot, isPresent: (eni: NetworkInterface) => boolean): Translation {
  const byPrivate = new Map<string, PublicMapping>();
  const add = (eni: NetworkInterface, privateIp: string, publicIp: string): void => {
    const mapping = { publicAddress: parseIp(publicIp)!, privateAddress: parseIp(privateIp)!, interface: eni };
    byPrivate.set(`${eni.vpcId} ${mapping.privateAddress}`, mapping);
  };
  for (const eni of snapshot.list("network-interface")) if (isPresent(eni)) for (const p of eni.privateAddresses) if (p.publicIp !== undefined) add(eni, p.address, p.publicIp);
  for (const eip of snapshot.list("elastic-ip")) { // an Elastic IP takes the place of an address that was given
    const eni = eip.networkInterfaceId === undefined ? undefined : snapshot.get("network-interface", eip.networkInterfaceId);
    if (eni && isPresent(eni) && eip.privateIp !== undefined) add(eni, eip.privateIp, eip.publicIp);
  }
  const byPublic = new Map([...byPrivate.values()].map((mapping) => [mapping.publicAddress, mapping]));
  return { publicOf: (vpcId, privateAddress) => byPrivate.get(`${vpcId} ${privateAddress}`), ownerOf: (publicAddress) => byPublic.get(publicAddress) };
}

/** Outwards: the source changes, and the destination of what an ICMP error quotes (that packet came to the same address). */
export function translateSource(packet: Packet, to: number): Packet {
  const about = packet.about && packet.about.destination === packet.source ? { ...packet.about, destination: to } : packet.about;
  return { ...packet, source: to, about };
}

/** Inwards: the other way round. */
export function translateDestination(packet: Packet, to: number): Packet {
  const about = packet.about && packet.about.source === packet.destination ? { ...packet.about, source: to } : packet.about;
  return { ...packet, destination: to, about };
}
