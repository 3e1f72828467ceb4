// Owns CreateRoute (EC2 API reference).

import type { Route } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkInsideVpc, readDestination, readTarget } from "./route-parameters.ts";

export const createRoute: Ec2Operation<"CreateRoute"> = (input, ctx) => ctx.write((tx) => {
  const destination = readDestination(input);
  const table = find(tx, "route-table", input.RouteTableId, ctx.region);
  const target = readTarget(tx, ctx, table, input);
  if (table.routes.some((r) => r.destination === destination)) throw new Ec2Error("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
  checkInsideVpc(tx, find(tx, "vpc", table.vpcId, ctx.region), destination, target);
  if (table.routes.filter((r) => r.origin === "CreateRoute").length >= ctx.quota("routes-per-route-table"))
    throw new Ec2Error("RouteLimitExceeded", "The maximum number of routes has been reached.");
  const route: Route = { destination, target, origin: "CreateRoute" };
  tx.put("route-table", { ...table, routes: [...table.routes, route] });
  return { Return: true };
});
