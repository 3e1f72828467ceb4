// Owns what a route table means (Amazon VPC user guide, "Route tables"): which table a subnet obeys, whether a route leads anywhere,
// and which route an address takes. Pure: the API shows it, the plan compiles it.

import { contains, parseCidr, type Cidr } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { natGatewayForwards } from "./lifecycle.ts";
import { isPrefixListId, prefixListBlocks } from "./prefix-lists.ts";
import type { Route, RouteTable, Subnet } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * A route is a blackhole when its gateway is not attached to the table's VPC, when its NAT gateway is gone or failed, when its
 * peering is not active, or when its interface is gone, is attached to nothing, or belongs to an instance that is neither starting
 * nor running.
 */
export function routeState(snapshot: Snapshot, table: RouteTable, route: Route): "active" | "blackhole" {
  const target = route.target;
  if (target.kind === "local") return "active";
  if (target.kind === "gateway") return snapshot.get("internet-gateway", target.gatewayId)?.vpcId === table.vpcId ? "active" : "blackhole";
  if (target.kind === "nat-gateway") return natGatewayForwards(snapshot.get("natgateway", target.natGatewayId)) ? "active" : "blackhole";
  if (target.kind === "peering") return snapshot.get("vpc-peering-connection", target.vpcPeeringConnectionId)?.status === "active" ? "active" : "blackhole";
  const attachment = snapshot.get("network-interface", target.networkInterfaceId)?.attachment;
  const state = attachment && snapshot.get("instance", attachment.instanceId)?.state;
  return state === "running" || state === "pending" ? "active" : "blackhole";
}

export function mainRouteTable(snapshot: Snapshot, region: string, vpcId: string): RouteTable {
  return must(snapshot.list("route-table", region).find((table) => table.vpcId === vpcId && table.associations.some((a) => a.main)), `VPC ${vpcId} has a main route table`);
}

/** The table that the subnet is associated with, else its VPC's main one. */
export function effectiveRouteTable(snapshot: Snapshot, subnet: Subnet): RouteTable {
  const own = snapshot.list("route-table", subnet.region).find((table) => table.associations.some((a) => a.subnetId === subnet.id));
  return own ?? mainRouteTable(snapshot, subnet.region, subnet.vpcId);
}

/** The table that rules what enters by a gateway (its edge association); undefined: there is none, and addresses lead straight to their interfaces. */
export function gatewayRouteTable(snapshot: Snapshot, region: string, gatewayId: string): RouteTable | undefined {
  return snapshot.list("route-table", region).find((table) => table.associations.some((a) => a.gatewayId === gatewayId));
}

/** The IPv4 blocks that a route is about: its CIDR, or what its prefix list has now; none for IPv6, which no packet uses here. */
export function destinationBlocks(snapshot: Snapshot, destination: string): readonly Cidr[] {
  if (isPrefixListId(destination)) return prefixListBlocks(snapshot, destination);
  const block = parseCidr(destination);
  return block ? [block] : [];
}

/**
 * The most specific route for an address, blackholes included: a blackhole hides the wider routes behind it. Of two of one length
 * the route with the CIDR goes before the one with a prefix list, and of two prefix lists the route that was made first ("Route
 * priority": AWS takes one of them at random and keeps to it).
 */
export function longestMatch(snapshot: Snapshot, routes: readonly Route[], address: number): Route | undefined {
  let best: Route | undefined;
  let bestRank = -1;
  for (const route of routes) {
    const byCidr = isPrefixListId(route.destination) ? 0 : 1;
    for (const block of destinationBlocks(snapshot, route.destination)) {
      const rank = block.prefixLength * 2 + byCidr;
      if (rank > bestRank && contains(block, address)) {
        best = route;
        bestRank = rank;
      }
    }
  }
  return best;
}

/** The VPC at the other end of an active peering connection. */
export function peeringPeer(snapshot: Snapshot, peeringId: string, vpcId: string): string | undefined {
  const peering = snapshot.get("vpc-peering-connection", peeringId);
  if (peering?.status !== "active") return undefined;
  if (peering.requester.vpcId === vpcId) return peering.accepter.vpcId;
  return peering.accepter.vpcId === vpcId ? peering.requester.vpcId : undefined;
}

/** VPCs that an active peering connection joins with this one. Not transitive: VPC peering guide, "VPC peering limitations". */
export function peeredVpcs(snapshot: Snapshot, vpcId: string): ReadonlySet<string> {
  const peers = new Set<string>();
  for (const { status, requester, accepter } of snapshot.list("vpc-peering-connection")) {
    if (status !== "active") continue;
    if (requester.vpcId === vpcId) peers.add(accepter.vpcId);
    if (accepter.vpcId === vpcId) peers.add(requester.vpcId);
  }
  return peers;
}
