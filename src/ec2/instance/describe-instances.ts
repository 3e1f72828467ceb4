// Owns DescribeInstances (EC2 API reference).

import { join } from "../../model/joins.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { instanceFilters } from "./filters.ts";
import { reservationViews } from "./view.ts";

export const describeInstances: Ec2Operation<"DescribeInstances"> = (input, ctx) => {
  const joins = join(ctx.snapshot());
  const page = describe(ctx, {
    kind: "instance", ids: input.InstanceIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: instanceFilters(joins, ctx),
  });
  return { Reservations: reservationViews(joins, ctx, page.items), NextToken: page.nextToken };
};
