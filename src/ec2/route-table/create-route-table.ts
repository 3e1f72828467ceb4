// Owns CreateRouteTable (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf } from "../new-record.ts";
import { find } from "../resource.ts";
import { putRouteTable } from "../vpc/new-vpc.ts";
import { routeTableView } from "./view.ts";

export const createRouteTable: Ec2Operation<"CreateRouteTable"> = (input, ctx) => ctx.write((tx) => {
  const tags = tagsFor("route-table", input.TagSpecifications);
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  if (tx.list("route-table", ctx.region).filter((table) => table.vpcId === vpc.id).length >= ctx.quota("route-tables-per-vpc"))
    throw new Ec2Error("RouteTableLimitExceeded", "The maximum number of route tables has been reached.");
  return { RouteTable: routeTableView(tx, ctx, putRouteTable(tx, makerOf(ctx), vpc, tags, false)), ClientToken: input.ClientToken };
});
