// Owns CreateRoute (EC2 API reference).

import type { Route, RouteTable } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { countRoutes } from "../managed-prefix-list/room.ts";
import { find } from "../resource.ts";
import { checkRoute, readDestination, readTarget } from "./route-parameters.ts";

export const createRoute: Ec2Operation<"CreateRoute"> = (input, ctx) => ctx.write((tx) => {
  const destination = readDestination(input);
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const target = readTarget(tx, ctx, table, input);
  if (table.routes.some((r) => r.destination === destination)) throw new Ec2Error("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
  checkRoute(tx, find(tx, "vpc", table.vpcId, ctx.region), table, destination, target);
  const route: Route = { destination, target, origin: "CreateRoute" };
  const changed: RouteTable = { ...table, routes: [...table.routes, route] };
  if (countRoutes(tx, changed) > ctx.quota("routes-per-route-table")) throw new Ec2Error("RouteLimitExceeded", "The maximum number of routes has been reached.");
  tx.put("route-table", changed);
  return { Return: true };
});
