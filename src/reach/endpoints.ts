// Owns the step from a question to its first packet: who sends it, from where, to which address. Asked of a world, since a public
// address that is missing may be there once it is mended. Pure.

import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import type { Network } from "../model/network.ts";
import { ICMP, ICMP_ECHO, SYN, TCP, UDP, isPrivateAddress, type Packet } from "../model/packet.ts";
import type { NetworkInterface } from "../model/records.ts";
import { peeredVpcs } from "../model/routing.ts";
import { someClient, someHost } from "./internet-hosts.ts";
import type { Endpoint, Question } from "./question.ts";

/** Where the first packet is: at an interface's instance, in the internet, or coming out of a peering connection into a VPC. */
export type Start =
  | { readonly at: "interface"; readonly interface: NetworkInterface; readonly packet: Packet; readonly ownAddress: boolean } // ownAddress: the guest chooses it
  | { readonly at: "internet"; readonly packet: Packet }
  | { readonly at: "peering"; readonly peeringId: string; readonly vpcId: string; readonly packet: Packet };
/** Why there is none. */
export type NoStart = { readonly missing: "source" | "destination"; readonly id: string } | { readonly missing: "public-address"; readonly interface: NetworkInterface };

/** The client's port, and the one that a NAT gateway takes: asked with the lowest and the highest that there may be. */
export interface Ports { readonly client: number; readonly nat: number }

const FIRST_NAT_PORT = 1024;
const numbers = { icmp: ICMP, tcp: TCP, udp: UDP } as const;

export function startOf(network: Network, question: Question, ports: Ports): Start | NoStart {
  const { source, destination } = question;
  const target = destination && interfaceOf(network, destination, source);
  if (destination?.kind === "interface" && !target) return { missing: "destination", id: destination.id };
  const from = interfaceOf(network, source, destination);
  if (source.kind === "interface" && !from) return { missing: "source", id: source.id };
  const outside = source.kind === "internet-gateway" || (source.kind === "address" && !from);
  const to = destinationAddress(network, question, from, target, outside);
  if (to === undefined) return target ? { missing: "public-address", interface: target } : { missing: "destination", id: destination && destination.kind !== "address" ? destination.id : "" };
  const packet = (address: number): Packet => firstPacket(question, address, to, ports);
  const own = (eni: NetworkInterface | undefined): number[] => eni?.privateAddresses.map(({ address }) => parseIp(address)!) ?? [];
  const given = addressIn(question.sourceIp ?? question.filterAtSource?.sourceAddress, own(from), parseIp(someClient)!);
  if (from) return { at: "interface", interface: from, ownAddress: given === undefined && source.kind === "interface", packet: packet(given ?? (source.kind === "address" ? parseIp(source.address)! : primaryOf(from))) };
  if (source.kind === "peering") {
    const peering = network.snapshot.get("vpc-peering-connection", source.id);
    if (!peering) return { missing: "source", id: source.id };
    const [own, other] = target?.vpcId === peering.requester.vpcId ? [peering.requester, peering.accepter] : [peering.accepter, peering.requester];
    return { at: "peering", peeringId: source.id, vpcId: own.vpcId, packet: packet(given ?? network.dnsAddress(other.vpcId) + 8) };
  }
  if (source.kind === "internet-gateway" && !network.snapshot.get("internet-gateway", source.id)) return { missing: "source", id: source.id };
  return { at: "internet", packet: packet(given ?? parseIp(source.kind === "address" ? source.address : someClient)!) };
}

/** The interface that an endpoint is, by id or by a private address of the VPC of the other end. */
export function interfaceOf(network: Network, endpoint: Endpoint, other: Endpoint | undefined): NetworkInterface | undefined {
  if (endpoint.kind === "interface") return network.snapshot.get("network-interface", endpoint.id);
  if (endpoint.kind !== "address" || other?.kind !== "interface") return undefined;
  const vpcId = network.snapshot.get("network-interface", other.id)?.vpcId;
  const address = parseIp(endpoint.address);
  if (vpcId === undefined || address === undefined) return undefined;
  for (const vpc of [vpcId, ...peeredVpcs(network.snapshot, vpcId)]) {
    const owner = network.ownerOf(vpc, address);
    if (owner) return owner;
  }
  return undefined;
}

function destinationAddress(network: Network, question: Question, from: NetworkInterface | undefined, target: NetworkInterface | undefined, outside: boolean): number | undefined {
  const { destination } = question;
  const given = addressIn(question.destinationIp ?? question.filterAtSource?.destinationAddress, target?.privateAddresses.map(({ address }) => parseIp(address)!) ?? [], parseIp(someHost)!);
  if (given !== undefined) return outside && target ? (publicAddressOf(network, target, given) ?? (isPrivateAddress(given) ? undefined : given)) : given;
  if (!destination) return undefined;
  switch (destination.kind) {
    case "address": return parseIp(destination.address);
    case "internet-gateway": return parseIp(someHost);
    case "peering": {
      const peering = network.snapshot.get("vpc-peering-connection", destination.id);
      return peering && network.dnsAddress(peering.requester.vpcId === from?.vpcId ? peering.accepter.vpcId : peering.requester.vpcId) + 8;
    }
    case "interface": {
      const own = primaryOf(target!);
      if (outside) return publicAddressOf(network, target!, own);
      if (!from || from.vpcId === target!.vpcId || peeredVpcs(network.snapshot, from.vpcId).has(target!.vpcId)) return own;
      return publicAddressOf(network, target!, own) ?? own;
    }
  }
}

const publicAddressOf = (network: Network, eni: NetworkInterface, own: number): number | undefined => network.translation.publicOf(eni.vpcId, own)?.publicAddress;
export const primaryOf = (eni: NetworkInterface): number => parseIp(eni.privateAddresses[0]!.address)!;
/** An address; of a block one of the end's own, or somebody of the internet, where it has them, or else its first that a host may have. */
function addressIn(text: string | undefined, own: readonly number[], somebody: number): number | undefined {
  const address = text === undefined ? undefined : parseIp(text);
  const block = text === undefined || address !== undefined ? undefined : parseCidr(text);
  if (!block) return address;
  return [...own, somebody].find((one) => contains(block, one)) ?? (block.prefixLength > 30 ? block.address : block.address + 1);
}

function firstPacket(question: Question, source: number, destination: number, ports: Ports): Packet {
  const base = { source, destination, protocol: numbers[question.protocol] };
  if (question.protocol === "icmp") return { ...base, sourcePort: 1, destinationPort: 1, icmpType: ICMP_ECHO, icmpCode: 0 };
  const destinationPort = question.port ?? question.filterAtSource?.destinationPorts?.from ?? 0;
  const sourcePort = clientPort(question, ports.client);
  return { ...base, sourcePort, destinationPort, ...(question.protocol === "tcp" ? { tcpFlags: SYN } : {}) };
}

/** A client takes any port: one that both filters ask for, where there is one. */
function clientPort({ filterAtSource, filterAtDestination }: Question, usual: number): number {
  const here = filterAtSource?.sourcePorts, there = filterAtDestination?.sourcePorts;
  const from = Math.max(here?.from ?? 0, there?.from ?? 0);
  return !here && !there ? usual : from <= Math.min(here?.to ?? 65535, there?.to ?? 65535) ? from : here!.from;
}
/** The port that a NAT gateway takes, as the filter at the destination asks for it where it can. */
export const natPort = ({ filterAtDestination }: Question, usual: number): number => {
  const ports = filterAtDestination?.sourcePorts;
  return ports && ports.to >= FIRST_NAT_PORT ? Math.max(ports.from, FIRST_NAT_PORT) : usual;
};
