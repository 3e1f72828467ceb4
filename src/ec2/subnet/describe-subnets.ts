// Owns DescribeSubnets (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { subnetFilters, subnetView } from "./view.ts";

export const describeSubnets: Ec2Operation<"DescribeSubnets"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const page = describe(ctx, {
    kind: "subnet", ids: input.SubnetIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: subnetFilters(snapshot, ctx), pagesIds: true,
  });
  return { Subnets: page.items.map((subnet) => subnetView(snapshot, ctx, subnet)), NextToken: page.nextToken };
};
