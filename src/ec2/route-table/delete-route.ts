// Owns DeleteRoute (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { parameterOf, readDestination } from "./route-parameters.ts";

export const deleteRoute: Ec2Operation<"DeleteRoute"> = (input, ctx) => ctx.write((tx) => {
  const destination = readDestination(input);
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const route = table.routes.find((r) => r.destination === destination);
  if (!route) throw new Ec2Error("InvalidRoute.NotFound", `no route with ${parameterOf(destination)} ${destination} in route table ${table.id}`);
  if (route.origin === "CreateRouteTable") throw new Ec2Error("InvalidParameterValue", `cannot remove local route ${destination} in route table ${table.id}`);
  tx.put("route-table", { ...table, routes: table.routes.filter((r) => r !== route) });
  return {};
});
