// Owns the conversations of routes: every kind of target, routes inside the VPC, a gateway's table, tables that change places.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { attachInternetGateway } from "../internet-gateway/attach-internet-gateway.ts";
import { createInternetGateway } from "../internet-gateway/create-internet-gateway.ts";
import { detachInternetGateway } from "../internet-gateway/detach-internet-gateway.ts";
import { createManagedPrefixList } from "../managed-prefix-list/create-managed-prefix-list.ts";
import { createNatGateway } from "../nat-gateway/create-nat-gateway.ts";
import { deleteNatGateway } from "../nat-gateway/delete-nat-gateway.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { createSubnet } from "../subnet/create-subnet.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { acceptVpcPeeringConnection } from "../vpc-peering-connection/accept-vpc-peering-connection.ts";
import { createVpcPeeringConnection } from "../vpc-peering-connection/create-vpc-peering-connection.ts";
import { deleteVpcPeeringConnection } from "../vpc-peering-connection/delete-vpc-peering-connection.ts";
import { associateRouteTable } from "./associate-route-table.ts";
import { createRouteTable } from "./create-route-table.ts";
import { createRoute } from "./create-route.ts";
import { deleteRouteTable } from "./delete-route-table.ts";
import { deleteRoute } from "./delete-route.ts";
import { describeRouteTables } from "./describe-route-tables.ts";
import { disassociateRouteTable } from "./disassociate-route-table.ts";
import { replaceRouteTableAssociation } from "./replace-route-table-association.ts";
import { replaceRoute } from "./replace-route.ts";

interface Net { readonly ctx: MemoryContext; readonly vpc: string; readonly subnet: string; readonly table: string; readonly gateway: string; readonly other: string }

async function network(): Promise<Net> {
  const ctx = memoryContext();
  const vpc = (await createVpc({ CidrBlock: "10.0.0.0/16" }, ctx)).Vpc!.VpcId!;
  const subnet = (await createSubnet({ VpcId: vpc, CidrBlock: "10.0.1.0/24" }, ctx)).Subnet!.SubnetId!;
  const table = (await createRouteTable({ VpcId: vpc }, ctx)).RouteTable!.RouteTableId!;
  const gateway = (await createInternetGateway({}, ctx)).InternetGateway!.InternetGatewayId!;
  await attachInternetGateway({ InternetGatewayId: gateway, VpcId: vpc }, ctx);
  return { ctx, vpc, subnet, table, gateway, other: (await createVpc({ CidrBlock: "10.9.0.0/16" }, ctx)).Vpc!.VpcId! };
}
const tableOf = async (n: Net, id = n.table) => (await describeRouteTables({ RouteTableIds: [id] }, n.ctx)).RouteTables![0]!;
const route = async (n: Net, destination: string) => (await tableOf(n)).Routes!.find((r) => r.DestinationCidrBlock === destination)!;
const withFilter = async (n: Net, Name: string, value: string): Promise<number> => (await describeRouteTables({ Filters: [{ Name, Values: [value] }] }, n.ctx)).RouteTables!.length;
const eniOf = async (n: Net): Promise<string> => (await createNetworkInterface({ SubnetId: n.subnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;

test("a NAT gateway as target: active, a blackhole when it goes, another VPC's refused", async () => {
  const n = await network();
  const NatGatewayId = (await createNatGateway({ SubnetId: n.subnet, ConnectivityType: "private" }, n.ctx)).NatGateway!.NatGatewayId!;
  await createRoute({ RouteTableId: n.table, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }, n.ctx);
  const made = await route(n, "0.0.0.0/0");
  assert.deepEqual([made.NatGatewayId, made.GatewayId, made.NetworkInterfaceId, made.Origin, made.State], [NatGatewayId, undefined, undefined, "CreateRoute", "active"]);
  assert.equal(await withFilter(n, "route.nat-gateway-id", NatGatewayId), 1);
  const foreign = (await createRouteTable({ VpcId: n.other }, n.ctx)).RouteTable!.RouteTableId!;
  await refused(n.ctx, () => createRoute({ RouteTableId: foreign, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }, n.ctx), "InvalidParameterValue", `route table ${foreign} and network gateway ${NatGatewayId} belong to different networks`);
  await deleteNatGateway({ NatGatewayId }, n.ctx);
  assert.equal((await route(n, "0.0.0.0/0")).State, "blackhole");
  await refused(n.ctx, () => createRoute({ RouteTableId: n.table, DestinationCidrBlock: "192.0.2.0/24", NatGatewayId }, n.ctx), "InvalidNatGatewayID.NotFound", `The natGateway ID '${NatGatewayId}' does not exist`);
  await replaceRoute({ RouteTableId: n.table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: n.gateway }, n.ctx);
  assert.deepEqual([(await route(n, "0.0.0.0/0")).NatGatewayId, (await route(n, "0.0.0.0/0")).State], [undefined, "active"]);
});

test("a peering as target: a blackhole until it is active and after it has gone", async () => {
  const n = await network();
  const id = (await createVpcPeeringConnection({ VpcId: n.vpc, PeerVpcId: n.other }, n.ctx)).VpcPeeringConnection!.VpcPeeringConnectionId!;
  const route9 = { RouteTableId: n.table, DestinationCidrBlock: "10.9.0.0/16", VpcPeeringConnectionId: id };
  await createRoute(route9, n.ctx);
  assert.deepEqual([(await route(n, "10.9.0.0/16")).VpcPeeringConnectionId, (await route(n, "10.9.0.0/16")).State], [id, "blackhole"]);
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }, n.ctx);
  assert.equal((await route(n, "10.9.0.0/16")).State, "active");
  assert.equal(await withFilter(n, "route.vpc-peering-connection-id", id), 1);
  const third = (await createVpc({ CidrBlock: "10.8.0.0/16" }, n.ctx)).Vpc!.VpcId!;
  const foreign = (await createRouteTable({ VpcId: third }, n.ctx)).RouteTable!.RouteTableId!;
  await refused(n.ctx, () => createRoute({ ...route9, RouteTableId: foreign }, n.ctx), "InvalidParameterValue", /belong to different networks/);
  await deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }, n.ctx);
  assert.equal((await route(n, "10.9.0.0/16")).State, "blackhole");
  assert.equal(await withFilter(n, "route.state", "blackhole"), 1);
  await refused(n.ctx, () => createRoute({ ...route9, DestinationCidrBlock: "10.9.1.0/24" }, n.ctx), "InvalidVpcPeeringConnectionID.NotFound", `The vpcPeeringConnection ID '${id}' does not exist`);
});

test("one target and one destination, each known", async () => {
  const n = await network();
  const rows: [object, string, RegExp][] = [
    [{ DestinationCidrBlock: "0.0.0.0/0" }, "MissingParameter", /exactly one of/],
    [{ DestinationCidrBlock: "0.0.0.0/0", GatewayId: n.gateway, NatGatewayId: "nat-00000000000000000" }, "InvalidParameterCombination", /exactly one of/],
    [{ GatewayId: n.gateway }, "MissingParameter", /destinationCidrBlock/],
    [{ GatewayId: n.gateway, DestinationCidrBlock: "0.0.0.0/0", DestinationPrefixListId: "pl-00000000000000000" }, "InvalidParameterCombination", /exactly one of/],
    [{ GatewayId: n.gateway, DestinationIpv6CidrBlock: "::/0" }, "UnsupportedOperation", /DestinationIpv6CidrBlock/],
    [{ GatewayId: n.gateway, DestinationPrefixListId: "pl-1" }, "InvalidPrefixListID.Malformed", /pl-1/],
    [{ DestinationCidrBlock: "0.0.0.0/0", GatewayId: "igw-00000000000000000" }, "InvalidGatewayID.NotFound", /igw-0/],
    [{ DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: "nat-00000000000000000" }, "InvalidNatGatewayID.NotFound", /nat-0/],
    [{ DestinationCidrBlock: "0.0.0.0/0", VpcPeeringConnectionId: "pcx-00000000000000000" }, "InvalidVpcPeeringConnectionID.NotFound", /pcx-0/],
    [{ DestinationCidrBlock: "0.0.0.0/0", TransitGatewayId: "tgw-00000000000000000" }, "InvalidTransitGatewayID.NotFound", /tgw-0/],
  ];
  for (const [more, code, words] of rows) await refused(n.ctx, () => createRoute({ RouteTableId: n.table, ...more }, n.ctx), code, words);
  await refused(n.ctx, () => deleteRoute({ RouteTableId: n.table, DestinationCidrBlock: "10.0.0.0/16" }, n.ctx), "InvalidParameterValue", `cannot remove local route 10.0.0.0/16 in route table ${n.table}`);
});

test("inside the VPC: a whole subnet, by an interface; the local route may lead elsewhere and back", async () => {
  const n = await network();
  const NetworkInterfaceId = await eniOf(n);
  const inside = (DestinationCidrBlock: string, target: object) => createRoute({ RouteTableId: n.table, DestinationCidrBlock, ...target }, n.ctx);
  await refused(n.ctx, () => inside("10.0.1.0/24", { GatewayId: n.gateway }), "InvalidParameterValue", /can target only an interface or an instance/);
  await refused(n.ctx, () => inside("10.0.1.0/25", { NetworkInterfaceId }), "InvalidParameterValue", /does not match the CIDR block of a subnet/);
  await inside("10.0.1.0/24", { NetworkInterfaceId });
  await replaceRoute({ RouteTableId: n.table, DestinationCidrBlock: "10.0.0.0/16", NetworkInterfaceId }, n.ctx);
  assert.deepEqual([(await route(n, "10.0.0.0/16")).NetworkInterfaceId, (await route(n, "10.0.0.0/16")).Origin], [NetworkInterfaceId, "CreateRouteTable"]);
  await replaceRoute({ RouteTableId: n.table, DestinationCidrBlock: "10.0.0.0/16", LocalTarget: true }, n.ctx);
  assert.equal((await route(n, "10.0.0.0/16")).GatewayId, "local");
  await refused(n.ctx, () => replaceRoute({ RouteTableId: n.table, DestinationCidrBlock: "10.0.1.0/24", LocalTarget: true }, n.ctx), "InvalidParameterValue", /cannot target local/);
});

test("a gateway's table: routes of the VPC's own addresses to interfaces alone", async () => {
  const n = await network();
  const NetworkInterfaceId = await eniOf(n);
  const edge = { RouteTableId: n.table, GatewayId: n.gateway };
  await refused(n.ctx, () => associateRouteTable({ ...edge, SubnetId: n.subnet }, n.ctx), "InvalidParameterCombination");
  await refused(n.ctx, () => associateRouteTable({ RouteTableId: n.table }, n.ctx), "MissingParameter", "Either 'subnetId' or 'gatewayId' should be provided.");
  await refused(n.ctx, () => associateRouteTable({ ...edge, GatewayId: "igw-00000000000000000" }, n.ctx), "InvalidGatewayID.NotFound");
  const free = (await createInternetGateway({}, n.ctx)).InternetGateway!.InternetGatewayId!;
  await refused(n.ctx, () => associateRouteTable({ ...edge, GatewayId: free }, n.ctx), "Gateway.NotAttached");
  await createRoute({ RouteTableId: n.table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: n.gateway }, n.ctx);
  await refused(n.ctx, () => associateRouteTable(edge, n.ctx), "InvalidParameterValue", /associated with a gateway and cannot have the route to 0\.0\.0\.0\/0/);
  await deleteRoute({ RouteTableId: n.table, DestinationCidrBlock: "0.0.0.0/0" }, n.ctx);
  await createRoute({ RouteTableId: n.table, DestinationCidrBlock: "10.0.1.0/24", NetworkInterfaceId }, n.ctx);
  const { AssociationId } = await associateRouteTable(edge, n.ctx);
  const [association] = (await tableOf(n)).Associations!;
  assert.deepEqual(association, { RouteTableAssociationId: AssociationId, RouteTableId: n.table, Main: false, SubnetId: undefined, GatewayId: n.gateway, AssociationState: { State: "associated" } });
  assert.equal(await withFilter(n, "association.gateway-id", n.gateway), 1);
  const list = (await createManagedPrefixList({ PrefixListName: "l", AddressFamily: "IPv4", MaxEntries: 1 }, n.ctx)).PrefixList!.PrefixListId!;
  for (const bad of [{ DestinationCidrBlock: "0.0.0.0/0", GatewayId: n.gateway }, { DestinationCidrBlock: "192.0.2.0/24", NetworkInterfaceId }, { DestinationPrefixListId: list, NetworkInterfaceId }])
    await refused(n.ctx, () => createRoute({ RouteTableId: n.table, ...bad }, n.ctx), "InvalidParameterValue", /associated with a gateway/);
  const second = (await createRouteTable({ VpcId: n.vpc }, n.ctx)).RouteTable!.RouteTableId!;
  await refused(n.ctx, () => associateRouteTable({ RouteTableId: second, GatewayId: n.gateway }, n.ctx), "Resource.AlreadyAssociated");
  const moved = await replaceRouteTableAssociation({ AssociationId: AssociationId!, RouteTableId: second }, n.ctx);
  assert.deepEqual((await tableOf(n, second)).Associations!.map((a) => [a.RouteTableAssociationId, a.GatewayId]), [[moved.NewAssociationId, n.gateway]]);
  await refused(n.ctx, () => deleteRouteTable({ RouteTableId: second }, n.ctx), "DependencyViolation");
  await detachInternetGateway({ InternetGatewayId: n.gateway, VpcId: n.vpc }, n.ctx);
  assert.deepEqual((await tableOf(n, second)).Associations, []);
});

test("tables change places: a subnet's, and the VPC's main one", async () => {
  const n = await network();
  const main = (await describeRouteTables({ Filters: [{ Name: "association.main", Values: ["true"] }, { Name: "vpc-id", Values: [n.vpc] }] }, n.ctx)).RouteTables![0]!;
  const before = main.Associations![0]!.RouteTableAssociationId!;
  const own = (await associateRouteTable({ RouteTableId: n.table, SubnetId: n.subnet }, n.ctx)).AssociationId!;
  await refused(n.ctx, () => associateRouteTable({ RouteTableId: main.RouteTableId, SubnetId: n.subnet }, n.ctx), "Resource.AlreadyAssociated");
  await refused(n.ctx, () => disassociateRouteTable({ AssociationId: before }, n.ctx), "InvalidParameterValue", `cannot disassociate the main route table association ${before}`);
  const { NewAssociationId } = await replaceRouteTableAssociation({ AssociationId: before, RouteTableId: n.table }, n.ctx);
  assert.deepEqual((await tableOf(n)).Associations!.map((a) => [a.RouteTableAssociationId, a.Main, a.SubnetId]), [[own, false, n.subnet], [NewAssociationId, true, undefined]]);
  await deleteRouteTable({ RouteTableId: main.RouteTableId! }, n.ctx);
  const moved = await replaceRouteTableAssociation({ AssociationId: own, RouteTableId: (await createRouteTable({ VpcId: n.vpc }, n.ctx)).RouteTable!.RouteTableId }, n.ctx);
  assert.notEqual(moved.NewAssociationId, own);
  await refused(n.ctx, () => replaceRouteTableAssociation({ AssociationId: own, RouteTableId: n.table }, n.ctx), "InvalidAssociationID.NotFound", `The association ID '${own}' does not exist`);
  const foreign = (await createRouteTable({ VpcId: n.other }, n.ctx)).RouteTable!.RouteTableId!;
  await refused(n.ctx, () => replaceRouteTableAssociation({ AssociationId: moved.NewAssociationId, RouteTableId: foreign }, n.ctx), "InvalidParameterValue", /belong to different networks/);
  await disassociateRouteTable({ AssociationId: moved.NewAssociationId }, n.ctx);
  await refused(n.ctx, () => disassociateRouteTable({ AssociationId: moved.NewAssociationId }, n.ctx), "InvalidAssociationID.NotFound");
});
