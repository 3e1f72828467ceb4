// Owns AssociateRouteTable (EC2 API reference), with a subnet. Gateways (edge associations) are not offered.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

export const associateRouteTable: Ec2Operation<"AssociateRouteTable"> = (input, ctx) => ctx.write((tx) => {
  if (input.SubnetId !== undefined && input.GatewayId !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "The parameter subnetId cannot be used with the parameter gatewayId");
  refuseUnsupported(input, ["GatewayId", "PublicIpv4Pool"]);
  if (input.SubnetId === undefined) throw new Ec2Error("MissingParameter", "Either 'subnetId' or 'gatewayId' should be provided.");
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const subnet = find(tx, "subnet", input.SubnetId, ctx.region);
  if (table.vpcId !== subnet.vpcId) throw new Ec2Error("InvalidParameterValue", `Route table ${table.id} and subnet ${subnet.id} belong to different networks`);
  if (tx.list("route-table", ctx.region).some((t) => t.associations.some((a) => a.subnetId === subnet.id)))
    throw new Ec2Error("Resource.AlreadyAssociated", `the specified association for route table ${table.id} conflicts with an existing association`);
  const id = ctx.newId("rtbassoc");
  tx.put("route-table", { ...table, associations: [...table.associations, { id, main: false, subnetId: subnet.id }] });
  return { AssociationId: id, AssociationState: { State: "associated" } };
});
