// Owns DescribeRouteTables (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { routeTableFilters, routeTableView } from "./view.ts";

export const describeRouteTables: Ec2Operation<"DescribeRouteTables"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const page = describe(ctx, {
    kind: "route-table", ids: input.RouteTableIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: routeTableFilters(snapshot, ctx), pagesIds: true, limits: { min: 5, max: 100 },
  });
  return { RouteTables: page.items.map((table) => routeTableView(snapshot, ctx, table)), NextToken: page.nextToken };
};
