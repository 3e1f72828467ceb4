// Owns DeleteRouteTable (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteRouteTable: Ec2Operation<"DeleteRouteTable"> = (input, ctx) => ctx.write((tx) => {
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  if (table.associations.length > 0) throw new Ec2Error("DependencyViolation", `The routeTable '${table.id}' has dependencies and cannot be deleted.`);
  tx.delete("route-table", table.id);
  return {};
});
