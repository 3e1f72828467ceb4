// Owns ReplaceRouteTableAssociation (EC2 API reference): a subnet or a gateway gets another table, or the VPC another main table, in
// one step.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { findAssociation } from "./find-association.ts";
import { checkEdgeRoutes } from "./route-parameters.ts";

export const replaceRouteTableAssociation: Ec2Operation<"ReplaceRouteTableAssociation"> = (input, ctx) => ctx.write((tx) => {
  const { table: before, association } = findAssociation(tx, ctx.region, input.AssociationId!);
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  if (table.vpcId !== before.vpcId) throw new Ec2Error("InvalidParameterValue", `Route table ${table.id} and network ${before.vpcId} belong to different networks`);
  if (association.gatewayId !== undefined) checkEdgeRoutes(tx, find(tx, "vpc", table.vpcId, ctx.region), table, association.gatewayId);
  const id = ctx.newId("rtbassoc");
  tx.put("route-table", { ...before, associations: before.associations.filter((a) => a !== association) });
  const now = tx.get("route-table", table.id)!; // it may be the same one
  tx.put("route-table", { ...now, associations: [...now.associations, { ...association, id }] });
  return { NewAssociationId: id, AssociationState: { State: "associated" } };
});
