// Owns AssociateRouteTable (EC2 API reference): with a subnet, or with an internet gateway, whose arriving packets it then routes
// (Amazon VPC user guide, "Gateway route tables").

import type { RouteTable, RouteTableAssociation } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { checkEdgeRoutes } from "./route-parameters.ts";

type Place = Pick<RouteTableAssociation, "subnetId" | "gatewayId">;

export const associateRouteTable: Ec2Operation<"AssociateRouteTable"> = (input, ctx) => ctx.write((tx) => {
  if (input.SubnetId !== undefined && input.GatewayId !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "The parameter subnetId cannot be used with the parameter gatewayId");
  refuseUnsupported(input, ["PublicIpv4Pool"]);
  if (input.SubnetId === undefined && input.GatewayId === undefined) throw new Ec2Error("MissingParameter", "Either 'subnetId' or 'gatewayId' should be provided.");
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const place = input.SubnetId !== undefined ? subnetOf(tx, ctx, table, input.SubnetId) : gatewayOf(tx, ctx, table, input.GatewayId!);
  if (tx.list("route-table", ctx.region).some((t) => t.associations.some((a) => a.subnetId === place.subnetId && a.gatewayId === place.gatewayId && !a.main)))
    throw new Ec2Error("Resource.AlreadyAssociated", `the specified association for route table ${table.id} conflicts with an existing association`);
  const id = ctx.newId("rtbassoc");
  tx.put("route-table", { ...table, associations: [...table.associations, { id, main: false, ...place }] });
  return { AssociationId: id, AssociationState: { State: "associated" } };
});

function subnetOf(tx: Transaction, ctx: Context, table: RouteTable, id: string): Place {
  const subnet = find(tx, "subnet", id, ctx.region);
  if (table.vpcId !== subnet.vpcId) throw new Ec2Error("InvalidParameterValue", `Route table ${table.id} and subnet ${subnet.id} belong to different networks`);
  return { subnetId: subnet.id };
}

function gatewayOf(tx: Transaction, ctx: Context, table: RouteTable, id: string): Place {
  const gateway = tx.get("internet-gateway", id);
  if (gateway?.region !== ctx.region) throw new Ec2Error("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
  if (gateway.vpcId === undefined) throw new Ec2Error("Gateway.NotAttached", `resource ${id} is not attached to network ${table.vpcId}`);
  if (gateway.vpcId !== table.vpcId) throw new Ec2Error("InvalidParameterValue", `route table ${table.id} and network gateway ${id} belong to different networks`);
  checkEdgeRoutes(tx, find(tx, "vpc", table.vpcId, ctx.region), table, id);
  return { gatewayId: id };
}
