// Owns a snapshot read as a network: who has an address, which table a subnet obeys, what stands at the edge. Read once per
// snapshot; hop.ts then answers many packets quickly. Everything is made when it is first asked for.

import { contains, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { readFiltering, type Filtering } from "./filtering.ts";
import { natGatewayForwards } from "./lifecycle.ts";
import { isPrefixListId } from "./prefix-lists.ts";
import type { InternetGateway, NatGateway, NetworkInterface, Route, RouteTable, Vpc } from "./records.ts";
import { destinationBlocks, effectiveRouteTable, routeState } from "./routing.ts";
import type { Snapshot } from "./snapshot.ts";
import { readTranslation, type Translation } from "./translation.ts";

export interface FoundRoute { readonly route: Route; readonly state: "active" | "blackhole" }
export interface Network {
  readonly snapshot: Snapshot;
  readonly filtering: Filtering;
  readonly translation: Translation;
  /** Plugged into an instance that has, is getting or still has a guest, or belonging to a NAT gateway that works. */
  isPresent(eni: NetworkInterface): boolean;
  /** Who has a private address, present interfaces only. */
  ownerOf(vpcId: string, address: number): NetworkInterface | undefined;
  has(eni: NetworkInterface, address: number): boolean;
  vpc(id: string): Vpc;
  inVpc(vpcId: string, address: number): boolean;
  /** base+2 of the VPC's primary block, where its DNS server answers. */
  dnsAddress(vpcId: string): number;
  tableOf(subnetId: string): RouteTable;
  /** The table associated with an internet gateway, for what comes in. */
  edgeTable(gatewayId: string): RouteTable | undefined;
  attachedGateway(vpcId: string): InternetGateway | undefined;
  natGatewayOf(eni: NetworkInterface): NatGateway | undefined;
  /** The longest prefix that holds the address; a blackhole hides the wider ones. A block goes before an equal one of a prefix list. */
  route(table: RouteTable, address: number): FoundRoute | undefined;
}

export function readNetwork(snapshot: Snapshot): Network {
  const natGateways = new Map(snapshot.list("natgateway").filter(natGatewayForwards).map((nat) => [nat.networkInterfaceId, nat]));
  const isPresent = (eni: NetworkInterface): boolean => {
    if (natGateways.has(eni.id)) return true;
    const state = eni.attachment && snapshot.get("instance", eni.attachment.instanceId)?.state;
    return state !== undefined && state !== "stopped" && state !== "terminated";
  };
  const owners = new Map<string, NetworkInterface>();
  for (const eni of snapshot.list("network-interface")) if (isPresent(eni)) for (const p of eni.privateAddresses) owners.set(`${eni.vpcId} ${parseIp(p.address)}`, eni);
  const gateways = new Map(snapshot.list("internet-gateway").filter((g) => g.vpcId !== undefined).map((g) => [g.vpcId!, g]));
  const tables = lazily((subnetId: string) => effectiveRouteTable(snapshot, must(snapshot.get("subnet", subnetId), `subnet ${subnetId}`)));
  const routesOf = lazily((tableId: string) => readRoutes(snapshot, must(snapshot.get("route-table", tableId), `table ${tableId}`)));
  const blocksOf = lazily((vpcId: string) => must(snapshot.get("vpc", vpcId), `VPC ${vpcId}`).cidrAssociations.map((c) => must(parseCidr(c.cidrBlock), "a VPC's block parses")));
  return {
    snapshot,
    filtering: readFiltering(snapshot, isPresent),
    translation: readTranslation(snapshot, isPresent),
    isPresent,
    ownerOf: (vpcId, address) => owners.get(`${vpcId} ${address}`),
    has: (eni, address) => owners.get(`${eni.vpcId} ${address}`)?.id === eni.id,
    vpc: (id) => must(snapshot.get("vpc", id), `VPC ${id}`),
    inVpc: (vpcId, address) => blocksOf(vpcId).some((block) => contains(block, address)),
    dnsAddress: (vpcId) => must(blocksOf(vpcId)[0], "a VPC has a block").address + 2,
    tableOf: tables,
    edgeTable: (gatewayId) => snapshot.list("route-table").find((table) => table.associations.some((a) => a.gatewayId === gatewayId)),
    attachedGateway: (vpcId) => gateways.get(vpcId),
    natGatewayOf: (eni) => natGateways.get(eni.id),
    route: (table, address) => routesOf(table.id).find(({ block }) => contains(block, address)),
  };
}

/** Most specific first; among equals blocks before prefix lists (VPC user guide, "Route priority and prefix lists"). */
function readRoutes(snapshot: Snapshot, table: RouteTable): readonly (FoundRoute & { readonly block: Cidr; readonly listed: number })[] {
  const rows = table.routes.flatMap((route) => {
    const listed = isPrefixListId(route.destination) ? 1 : 0;
    return destinationBlocks(snapshot, route.destination).map((block) => ({ route, block, listed, state: routeState(snapshot, table, route) }));
  });
  return rows.sort((a, b) => b.block.prefixLength - a.block.prefixLength || a.listed - b.listed);
}

function lazily<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}
