// Owns DescribeVpcs (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { vpcFilters, vpcView } from "./view.ts";

export const describeVpcs: Ec2Operation<"DescribeVpcs"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "vpc", ids: input.VpcIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: vpcFilters(ctx),
  });
  return { Vpcs: page.items.map((vpc) => vpcView(ctx, vpc)), NextToken: page.nextToken };
};
