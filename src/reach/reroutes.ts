// Owns which routes would do where there is none that leads on: targets that a table's author may have meant, by how much speaks for
// each. analyze.ts takes the first with which the packet gets there. Pure.

import { contains, formatIp, parseCidr } from "../lib/ip.ts";
import type { Network } from "../model/network.ts";
import { isPrivateAddress, type Packet } from "../model/packet.ts";
import type { NetworkInterface, RouteTable, RouteTarget } from "../model/records.ts";
import { peeringPeer, routeState } from "../model/routing.ts";
import { primaryOf } from "./endpoints.ts";
import type { Guests } from "./guest.ts";
import { routeTo, withoutRoute, type Mend } from "./mends.ts";

const DEFAULT = "0.0.0.0/0";

/** @param destination of the route that leads astray, undefined when there is none */
export function reroutes(network: Network, guests: Guests, from: NetworkInterface, table: RouteTable, packet: Packet, destination: string | undefined): Mend[] {
  const old = table.routes.find((route) => route.destination === destination)?.target;
  const same = (target: RouteTarget): boolean => old !== undefined && sameTarget(old, target);
  const peers = peeringTargets(network, from.vpcId, packet.destination);
  const wide = destination === undefined || (parseCidr(destination)?.prefixLength ?? 32) === 0; // a default route has others to serve
  const mends = peers.filter(({ target }) => !same(target)).map(({ target, block }) => routeTo(table, wide ? block : destination, target));
  if (destination !== undefined && destination !== DEFAULT && table.routes.some((r) => r.destination !== destination && r.target.kind !== "local" && covers(r.destination, packet.destination))) mends.push(withoutRoute(table, destination));
  if (isPrivateAddress(packet.destination)) {
    const hasLocal = network.inVpc(from.vpcId, packet.destination);
    return hasLocal && destination !== undefined ? [withoutRoute(table, destination), ...mends] : mends;
  }
  for (const target of internetTargets(network, guests, from, table, packet)) if (!same(target)) mends.push(routeTo(table, destination ?? DEFAULT, target));
  return mends;
}

const covers = (destination: string, address: number): boolean => { const block = parseCidr(destination); return block !== undefined && contains(block, address); };
export const sameTarget = (a: RouteTarget, b: RouteTarget): boolean => targetId(a) === targetId(b);
const targetId = (t: RouteTarget): string => (t.kind === "gateway" ? t.gatewayId : t.kind === "interface" ? t.networkInterfaceId : t.kind === "nat-gateway" ? t.natGatewayId : t.kind === "peering" ? t.vpcPeeringConnectionId : "local");

/** Active connections to a VPC whose blocks have the address. */
export function peeringTargets(network: Network, vpcId: string, address: number): { readonly target: RouteTarget; readonly block: string }[] {
  return network.snapshot.list("vpc-peering-connection").flatMap((peering) => {
    const peer = peeringPeer(network.snapshot, peering.id, vpcId);
    const block = peer === undefined ? undefined : network.vpc(peer).cidrAssociations.find((c) => covers(c.cidrBlock, address))?.cidrBlock;
    return block === undefined ? [] : [{ target: { kind: "peering", vpcPeeringConnectionId: peering.id } as const, block }];
  });
}

function internetTargets(network: Network, guests: Guests, from: NetworkInterface, table: RouteTable, packet: Packet): RouteTarget[] {
  const { snapshot } = network;
  const found: RouteTarget[] = [];
  const add = (target: RouteTarget): void => { if (!found.some((one) => sameTarget(one, target)) && !(target.kind === "interface" && target.networkInterfaceId === from.id)) found.push(target); };
  const gateway = network.attachedGateway(from.vpcId) ?? snapshot.list("internet-gateway", from.region).find((g) => g.vpcId === undefined);
  if (gateway && network.translation.publicOf(from.vpcId, packet.source)) add({ kind: "gateway", gatewayId: gateway.id });
  for (const other of snapshot.list("route-table", table.region))
    if (other.vpcId === table.vpcId) for (const route of other.routes) if (route.destination === DEFAULT && route.target.kind !== "gateway" && routeState(snapshot, other, route) === "active") add(route.target);
  for (const nat of snapshot.list("natgateway", table.region)) if (nat.vpcId === table.vpcId && nat.state === "available" && nat.connectivityType === "public") add({ kind: "nat-gateway", natGatewayId: nat.id });
  const running = snapshot.list("network-interface", table.region).filter((eni) => eni.vpcId === table.vpcId && eni.id !== from.id && eni.attachment && snapshot.get("instance", eni.attachment.instanceId)?.state === "running");
  const hasPublic = (eni: NetworkInterface): boolean => network.translation.publicOf(eni.vpcId, primaryOf(eni)) !== undefined;
  const target = (eni: NetworkInterface): RouteTarget => ({ kind: "interface", networkInterfaceId: eni.id, instanceId: eni.attachment!.deviceIndex === 0 ? eni.attachment!.instanceId : undefined });
  const unchecked = running.filter((eni) => !eni.sourceDestCheck);
  for (const eni of [...unchecked.filter(hasPublic), ...unchecked.filter((eni) => !hasPublic(eni))]) add(target(eni));
  for (const eni of running.filter((one) => isNatImage(network, one)).slice(0, 4)) add(target(eni));
  for (const eni of running.filter(hasPublic).slice(0, 16).filter((one) => translates(guests, one, packet))) add(target(eni)); // each is looked into
  if (gateway) add({ kind: "gateway", gatewayId: gateway.id });
  return found;
}

function isNatImage(network: Network, eni: NetworkInterface): boolean {
  const instance = network.snapshot.get("instance", eni.attachment!.instanceId);
  return /(^|-)nat(-|$)/i.test(network.snapshot.get("image", instance?.imageId ?? "")?.name ?? "");
}

function translates(guests: Guests, eni: NetworkInterface, packet: Packet): boolean {
  const step = guests(eni.attachment!.instanceId)?.receive(eni.macAddress, packet);
  return step?.to.kind === "device" && formatIp(step.to.packet.source) !== formatIp(packet.source);
}
