// Owns ReplaceRoute (EC2 API reference): another target for a destination that the table has; the local route's too.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkRoute, readDestination, readTarget } from "./route-parameters.ts";

export const replaceRoute: Ec2Operation<"ReplaceRoute"> = (input, ctx) => ctx.write((tx) => {
  const destination = readDestination(input);
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const target = readTarget(tx, ctx, table, input, input.LocalTarget ?? false);
  const route = table.routes.find((r) => r.destination === destination);
  if (!route) throw new Ec2Error("InvalidParameterValue", `There is no route defined for '${destination}' in the route table. Use CreateRoute instead.`);
  if (target.kind !== "local") checkRoute(tx, find(tx, "vpc", table.vpcId, ctx.region), table, destination, target);
  else if (route.origin !== "CreateRouteTable") throw new Ec2Error("InvalidParameterValue", `The destination ${destination} is not one of this VPC's CIDR blocks: its route cannot target local.`);
  tx.put("route-table", { ...table, routes: table.routes.map((r) => (r === route ? { ...r, target } : r)) });
  return {};
});
