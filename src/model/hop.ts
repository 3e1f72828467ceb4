// Owns what happens to one packet between leaving one interface and reaching the next thing that looks at it: an interface, the
// internet, a NAT gateway, a service of the VPC; or which check stops it. Written from AWS's documentation (VPC user guide: "How
// Amazon VPC works", "Route tables", "Network ACLs", "Internet gateways"; EC2 user guide: "Security group connection tracking"), and
// independent of the kernel program: test/differential holds the two together, packet by packet. Pure.
//
// How to use it:   const network = readNetwork(snapshot);                     // network.ts; once per snapshot
//                  const hop = leaveInterface(network, eni, packet);         // flows: what interfaces remember; none by default
// hop.checks are, in order, all that was asked on the way, each with who answered (rule, entry, route, gateway; none: a default denial)
// and the packet as it was then. hop.drop is there when the last of them stopped it, and says why and at whom; else hop.to says where
// the packet is now and hop.packet how it looks there. A walk goes on with leaveInterface of a guest that forwards, with
// leaveNatGateway once the gateway has translated, with arriveFromInternet for what comes back; replyTo (packet.ts) turns a packet.

import type { Direction, Packet } from "./packet.ts";
import { ICMP, ICMP_ECHO, TCP, UDP, isPrivateAddress, isUnroutable } from "./packet.ts";
import type { InternetGateway, NatGateway, NetworkAcl, NetworkAclEntry, NetworkInterface, Route, RouteTable, SecurityGroup, SecurityGroupRule } from "./records.ts";
import { parseIp } from "../lib/ip.ts";
import { metadataAddress, resolverAddress } from "../internet/addresses.ts";
import type { Network } from "./network.ts";
import { peeringPeer } from "./routing.ts";
import { noFlows, type FlowState } from "./tracking.ts";
import { translateDestination, translateSource } from "./translation.ts";

export type Target =
  | { readonly kind: "interface"; readonly interface: NetworkInterface }
  | { readonly kind: "nat-gateway"; readonly natGateway: NatGateway; readonly interface: NetworkInterface }
  | { readonly kind: "internet" }
  | { readonly kind: "service"; readonly service: "dns" | "metadata" };

/** Why a packet was dropped; the datapath counts by the same names. */
export type Reason =
  | "SOURCE_CHECK" | "DESTINATION_CHECK" | "GROUP_EGRESS" | "GROUP_INGRESS" | "ACL_EGRESS" | "ACL_INGRESS" | "NO_ROUTE" | "BLACKHOLE" | "NO_SUCH_ADDRESS" | "PEERING"
  | "GATEWAY_DETACHED" | "NO_PUBLIC_ADDRESS" | "UNKNOWN_PUBLIC_ADDRESS" | "PRIVATE_DESTINATION" | "DNS_DISABLED" | "LINK_LOCAL" | "FRAGMENT";

interface Asked { readonly packet: Packet }
export type Check = Asked & (
  | { readonly what: "source-dest-check"; readonly interface: NetworkInterface; readonly as: "source" | "destination" }
  | { readonly what: "groups"; readonly interface: NetworkInterface; readonly direction: Direction; readonly byFlow: boolean; readonly group?: SecurityGroup | undefined; readonly rule?: SecurityGroupRule | undefined }
  | { readonly what: "acl"; readonly subnetId: string; readonly direction: Direction; readonly acl?: NetworkAcl | undefined; readonly entry?: NetworkAclEntry | undefined }
  | { readonly what: "route"; readonly table: RouteTable; readonly route?: Route | undefined }
  | { readonly what: "local-address"; readonly vpcId: string; readonly interface?: NetworkInterface | undefined }
  | { readonly what: "internet-gateway"; readonly direction: Direction; readonly gateway?: InternetGateway | undefined }
  | { readonly what: "peering"; readonly peeringId: string; readonly vpcId?: string | undefined }
  | { readonly what: "service"; readonly service: "dns" | "metadata" | "none" }
);
/** `at`: the interface that counts it; none: the box's internet. */
export interface Drop { readonly reason: Reason; readonly at?: NetworkInterface | undefined }
export interface Hop { readonly checks: readonly Check[]; readonly packet: Packet; readonly to?: Target | undefined; readonly drop?: Drop | undefined }

const METADATA = parseIp(metadataAddress)!, RESOLVER = parseIp(resolverAddress)!;

/** A packet that an instance sends out of one of its interfaces. */
export function leaveInterface(network: Network, eni: NetworkInterface, packet: Packet, flows: FlowState = noFlows): Hop {
  const way = new Way(network, flows);
  if (packet.destination === METADATA) return way.toService(eni, packet, "metadata");
  if (packet.destination === RESOLVER || packet.destination === network.dnsAddress(eni.vpcId)) return way.toService(eni, packet, "dns");
  if (eni.sourceDestCheck && !way.check({ what: "source-dest-check", packet, interface: eni, as: "source" }, network.has(eni, packet.source))) return way.dropped(packet, "SOURCE_CHECK", eni);
  if (isUnroutable(packet.destination)) return way.stopped({ what: "service", packet, service: "none" }, "LINK_LOCAL", eni);
  if (packet.fragment === "later" && !flows.tracksFragment(eni, packet)) return way.dropped(packet, "FRAGMENT", eni);
  if (!way.groups(eni, "egress", packet)) return way.dropped(packet, "GROUP_EGRESS", eni);
  return way.ended(eni, packet, way.route(eni, packet));
}

/** A packet that a NAT gateway sends on: its source is the gateway's private address outwards; inwards its destination is the instance again. */
export function leaveNatGateway(network: Network, natGateway: NatGateway, packet: Packet, flows: FlowState = noFlows): Hop {
  const eni = network.snapshot.get("network-interface", natGateway.networkInterfaceId)!;
  return new Way(network, flows).route(eni, packet);
}

/** A packet from the internet to a public address. */
export function arriveFromInternet(network: Network, packet: Packet, flows: FlowState = noFlows): Hop {
  const way = new Way(network, flows);
  if (isPrivateAddress(packet.source) || isUnroutable(packet.source)) return way.stopped({ what: "internet-gateway", packet, direction: "ingress" }, "PRIVATE_DESTINATION", undefined);
  if (packet.fragment === "later" && !flows.tracksFragment(undefined, packet)) return way.dropped(packet, "FRAGMENT", undefined);
  if (!network.translation.ownerOf(packet.destination)) return way.stopped({ what: "internet-gateway", packet, direction: "ingress" }, "UNKNOWN_PUBLIC_ADDRESS", undefined);
  return way.ended(undefined, packet, way.fromInternet(packet));
}

/** A packet that comes out of a peering connection into this VPC. */
export function arriveFromPeering(network: Network, vpcId: string, packet: Packet, flows: FlowState = noFlows): Hop {
  return new Way(network, flows).fromPeer(vpcId, packet);
}

/** One packet's way; collects the checks. */
class Way {
  readonly #network: Network;
  readonly #flows: FlowState;
  readonly #checks: Check[] = [];

  constructor(network: Network, flows: FlowState) {
    this.#network = network;
    this.#flows = flows;
  }

  check(check: Check, passed: boolean): boolean {
    this.#checks.push(check);
    return passed;
  }

  dropped(packet: Packet, reason: Reason, at: NetworkInterface | undefined): Hop {
    return { checks: this.#checks, packet, drop: { reason, at } };
  }

  stopped(check: Check, reason: Reason, at: NetworkInterface | undefined): Hop {
    this.#checks.push(check);
    return this.dropped(check.packet, reason, at);
  }

  #arrived(packet: Packet, to: Target): Hop {
    return { checks: this.#checks, packet, to };
  }

  /** Later pieces of what went all the way may follow it. */
  ended(from: NetworkInterface | undefined, packet: Packet, hop: Hop): Hop {
    if (packet.fragment === "first" && hop.to) this.#flows.arrived(from, packet);
    return hop;
  }

  /**
   * The groups of an interface, stateful: what they once let through passes on, and so do its answers and errors about it. A later
   * fragment shares the verdict of its first.
   */
  groups(eni: NetworkInterface, direction: Direction, packet: Packet): boolean {
    if (packet.fragment === "later") return true;
    if (this.#flows.tracks(eni, packet)) this.#checks.push({ what: "groups", packet, interface: eni, direction, byFlow: true });
    else {
      const verdict = this.#network.filtering.groups(eni, direction, packet);
      this.#checks.push({ what: "groups", packet, interface: eni, direction, byFlow: false, group: verdict.group, rule: verdict.rule });
      if (!verdict.allowed) return false;
    }
    this.#flows.passed(eni, packet, this.#network.filtering.untracked(eni, direction, packet));
    return true;
  }

  #acl(subnetId: string, direction: Direction, packet: Packet): boolean {
    if (packet.fragment === "later") return true; // as its first piece
    const { allowed, acl, entry } = this.#network.filtering.acl(subnetId, direction, packet);
    return this.check({ what: "acl", packet, subnetId, direction, acl, entry }, allowed);
  }

  /** Metadata and DNS: no group, ACL or route applies to them. The asker's address must be its own. */
  toService(eni: NetworkInterface, packet: Packet, service: "dns" | "metadata"): Hop {
    if (!this.check({ what: "source-dest-check", packet, interface: eni, as: "source" }, this.#network.has(eni, packet.source))) return this.dropped(packet, "SOURCE_CHECK", eni);
    this.#checks.push({ what: "service", packet, service });
    if (packet.fragment !== undefined) return this.dropped(packet, "FRAGMENT", eni);
    if (service === "dns" && !this.#network.vpc(eni.vpcId).enableDnsSupport) return this.dropped(packet, "DNS_DISABLED", eni);
    const { protocol, destinationPort } = packet;
    const answers = service === "dns"
      ? (protocol === ICMP && packet.icmpType === ICMP_ECHO) || (destinationPort === 53 && (protocol === UDP || protocol === TCP))
      : destinationPort === 80 && protocol === TCP;
    return answers ? this.#arrived(packet, { kind: "service", service }) : this.dropped(packet, "LINK_LOCAL", eni);
  }

  /**
   * By the route table of the subnet of `from`. Inside a subnet no table is asked: interfaces reach each other directly (VPC user guide,
   * "Gateway route tables", considerations).
   */
  route(from: NetworkInterface, packet: Packet): Hop {
    const neighbour = this.#network.ownerOf(from.vpcId, packet.destination);
    if (neighbour?.subnetId === from.subnetId) return this.#into(neighbour, packet);
    const table = this.#network.tableOf(from.subnetId);
    const found = this.#network.route(table, packet.destination);
    this.#checks.push({ what: "route", packet, table, route: found?.route });
    if (!found) return this.dropped(packet, "NO_ROUTE", from);
    if (found.state === "blackhole") return this.dropped(packet, "BLACKHOLE", from);
    const { target } = found.route;
    switch (target.kind) {
      case "local": return this.#toAddress(from, from.vpcId, packet);
      case "interface": return this.#toInterface(from, this.#network.snapshot.get("network-interface", target.networkInterfaceId), packet);
      case "nat-gateway": return this.#toInterface(from, this.#network.snapshot.get("network-interface", this.#network.snapshot.get("natgateway", target.natGatewayId)!.networkInterfaceId), packet);
      case "gateway": return this.#toInternet(from, packet);
      case "peering": return this.#toPeer(from, target.vpcPeeringConnectionId, packet);
    }
  }

  #toAddress(from: NetworkInterface, vpcId: string, packet: Packet): Hop {
    const owner = this.#network.ownerOf(vpcId, packet.destination);
    if (!this.check({ what: "local-address", packet, vpcId, interface: owner }, owner !== undefined)) return this.dropped(packet, "NO_SUCH_ADDRESS", from);
    return this.#toInterface(from, owner, packet);
  }

  /** Not transitive: both ends lie in the two VPCs themselves. */
  #toPeer(from: NetworkInterface, peeringId: string, packet: Packet): Hop {
    const peer = peeringPeer(this.#network.snapshot, peeringId, from.vpcId);
    const joined = peer !== undefined && this.#network.inVpc(from.vpcId, packet.source) && this.#network.inVpc(peer, packet.destination);
    if (!this.check({ what: "peering", packet, peeringId, vpcId: peer }, joined)) return this.dropped(packet, "PEERING", from);
    return this.#toAddress(from, peer!, packet);
  }

  #toInterface(from: NetworkInterface, to: NetworkInterface | undefined, packet: Packet): Hop {
    if (!to || !this.#network.isPresent(to)) return this.dropped(packet, "NO_SUCH_ADDRESS", from);
    if (from.subnetId !== to.subnetId) { // ACLs stand at the edges of subnets: inside one there are none
      if (!this.#acl(from.subnetId, "egress", packet)) return this.dropped(packet, "ACL_EGRESS", from);
      if (!this.#acl(to.subnetId, "ingress", packet)) return this.dropped(packet, "ACL_INGRESS", to);
    }
    return this.#into(to, packet);
  }

  #into(to: NetworkInterface, packet: Packet): Hop {
    const natGateway = this.#network.natGatewayOf(to);
    if (natGateway) return this.#arrived(packet, { kind: "nat-gateway", natGateway, interface: to });
    if (to.sourceDestCheck && !this.check({ what: "source-dest-check", packet, interface: to, as: "destination" }, this.#network.has(to, packet.destination))) return this.dropped(packet, "DESTINATION_CHECK", to);
    if (!this.groups(to, "ingress", packet)) return this.dropped(packet, "GROUP_INGRESS", to);
    return this.#arrived(packet, { kind: "interface", interface: to });
  }

  #toInternet(from: NetworkInterface, packet: Packet): Hop {
    if (!this.#acl(from.subnetId, "egress", packet)) return this.dropped(packet, "ACL_EGRESS", from);
    const gateway = this.#network.attachedGateway(from.vpcId);
    const mapping = this.#network.translation.publicOf(from.vpcId, packet.source);
    this.#checks.push({ what: "internet-gateway", packet, direction: "egress", gateway });
    if (isPrivateAddress(packet.destination)) return this.dropped(packet, "PRIVATE_DESTINATION", from);
    if (!gateway) return this.dropped(packet, "GATEWAY_DETACHED", from);
    if (!mapping) return this.dropped(packet, "NO_PUBLIC_ADDRESS", from);
    const outside = translateSource(packet, mapping.publicAddress);
    if (this.#network.translation.ownerOf(packet.destination)) return this.fromInternet(outside); // out and in again
    return this.#arrived(outside, { kind: "internet" });
  }

  /** Inwards: the public address becomes the private one, then the gateway's own table (if it has one) or the VPC leads on. */
  fromInternet(packet: Packet): Hop {
    const mapping = this.#network.translation.ownerOf(packet.destination)!;
    const owner = mapping.interface;
    const gateway = this.#network.attachedGateway(owner.vpcId);
    if (!this.check({ what: "internet-gateway", packet, direction: "ingress", gateway }, gateway !== undefined)) return this.dropped(packet, "GATEWAY_DETACHED", owner);
    const inside = translateDestination(packet, mapping.privateAddress);
    const table = this.#network.edgeTable(gateway!.id);
    if (!table) return this.#fromEdge(owner, inside);
    const found = this.#network.route(table, inside.destination);
    this.#checks.push({ what: "route", packet: inside, table, route: found?.route });
    if (!found) return this.dropped(inside, "NO_ROUTE", owner);
    const { target } = found.route;
    if (target.kind === "local") return this.#fromEdge(owner, inside);
    if (found.state === "blackhole" || target.kind !== "interface") return this.dropped(inside, "BLACKHOLE", owner);
    const to = this.#network.snapshot.get("network-interface", target.networkInterfaceId)!;
    if (!this.#network.translation.publicOf(to.vpcId, parseIp(to.privateAddresses[0]!.address)!)) return this.dropped(inside, "NO_PUBLIC_ADDRESS", to); // a middlebox needs one ("Gateway route tables")
    return this.#fromEdge(to, inside);
  }

  fromPeer(vpcId: string, packet: Packet): Hop {
    const owner = this.#network.ownerOf(vpcId, packet.destination);
    if (!this.check({ what: "local-address", packet, vpcId, interface: owner }, owner !== undefined)) return this.dropped(packet, "NO_SUCH_ADDRESS", undefined);
    return this.#fromEdge(owner!, packet);
  }

  #fromEdge(to: NetworkInterface, packet: Packet): Hop {
    if (!this.#acl(to.subnetId, "ingress", packet)) return this.dropped(packet, "ACL_INGRESS", to);
    return this.#into(to, packet);
  }
}
