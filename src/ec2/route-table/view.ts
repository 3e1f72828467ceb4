// Owns how a route table looks to clients (EC2 API reference, RouteTable, Route, RouteTableAssociation) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import { isPrefixListId } from "../../model/prefix-lists.ts";
import type { Route, RouteTable, RouteTableAssociation } from "../../model/records.ts";
import { routeState } from "../../model/routing.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function routeTableView(snapshot: Snapshot, ctx: Context, table: RouteTable): ec2.RouteTable {
  return {
    RouteTableId: table.id,
    VpcId: table.vpcId,
    OwnerId: ctx.accountId,
    Routes: table.routes.map((route) => routeView(snapshot, ctx, table, route)),
    Associations: table.associations.map((a) => associationView(table, a)),
    PropagatingVgws: [],
    Tags: tagList(table.tags),
  };
}

const gatewayOf = (route: Route): string | undefined =>
  route.target.kind === "local" ? "local" : route.target.kind === "gateway" ? route.target.gatewayId : undefined;

const natGatewayOf = ({ target }: Route): string | undefined => (target.kind === "nat-gateway" ? target.natGatewayId : undefined);
const peeringOf = ({ target }: Route): string | undefined => (target.kind === "peering" ? target.vpcPeeringConnectionId : undefined);
const cidrOf = ({ destination }: Route): string | undefined => (isPrefixListId(destination) ? undefined : destination);
const prefixListOf = ({ destination }: Route): string | undefined => (isPrefixListId(destination) ? destination : undefined);

/** The instance that the route's interface is attached to now. */
const instanceOf = (snapshot: Snapshot, route: Route): string | undefined =>
  route.target.kind === "interface" ? snapshot.get("network-interface", route.target.networkInterfaceId)?.attachment?.instanceId : undefined;

function routeView(snapshot: Snapshot, ctx: Context, table: RouteTable, route: Route): ec2.Route {
  const instanceId = instanceOf(snapshot, route);
  return {
    DestinationCidrBlock: cidrOf(route),
    DestinationPrefixListId: prefixListOf(route),
    GatewayId: gatewayOf(route),
    InstanceId: instanceId,
    InstanceOwnerId: instanceId && ctx.accountId,
    NatGatewayId: natGatewayOf(route),
    NetworkInterfaceId: route.target.kind === "interface" ? route.target.networkInterfaceId : undefined,
    VpcPeeringConnectionId: peeringOf(route),
    Origin: route.origin,
    State: routeState(snapshot, table, route),
  };
}

const associationView = (table: RouteTable, a: RouteTableAssociation): ec2.RouteTableAssociation => ({
  RouteTableAssociationId: a.id, RouteTableId: table.id, Main: a.main, SubnetId: a.subnetId, GatewayId: a.gatewayId, AssociationState: { State: "associated" },
});

export function routeTableFilters(snapshot: Snapshot, ctx: Context): FilterTable<RouteTable> {
  const associations = (read: (a: RouteTableAssociation, table: RouteTable) => string | undefined) => (t: RouteTable): string[] => t.associations.flatMap((a) => read(a, t) ?? []);
  const routes = (read: (r: Route, table: RouteTable) => string | undefined) => (t: RouteTable): string[] => t.routes.flatMap((r) => read(r, t) ?? []);
  return {
    "association.gateway-id": associations((a) => a.gatewayId),
    "association.main": associations((a) => String(a.main)),
    "association.route-table-association-id": associations((a) => a.id),
    "association.route-table-id": associations((_a, t) => t.id),
    "association.subnet-id": associations((a) => a.subnetId),
    "owner-id": () => ctx.accountId,
    "route-table-id": (t) => t.id,
    "route.destination-cidr-block": routes(cidrOf),
    "route.destination-ipv6-cidr-block": () => undefined,
    "route.destination-prefix-list-id": routes(prefixListOf),
    "route.egress-only-internet-gateway-id": () => undefined,
    "route.gateway-id": routes(gatewayOf),
    "route.instance-id": routes((r) => instanceOf(snapshot, r)),
    "route.nat-gateway-id": routes(natGatewayOf),
    "route.origin": routes((r) => r.origin),
    "route.state": routes((r, t) => routeState(snapshot, t, r)),
    "route.transit-gateway-id": () => undefined,
    "route.vpc-peering-connection-id": routes(peeringOf),
    "vpc-id": (t) => t.vpcId,
  };
}
