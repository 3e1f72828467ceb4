// Owns DescribeVpcs (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { vpcFilters, vpcView } from "./view.ts";

export const describeVpcs: Ec2Operation<"DescribeVpcs"> = (input, ctx) => {
  if (input.MaxResults !== undefined && (input.VpcIds ?? []).length > 0) throw new Ec2Error("InvalidParameterCombination", "The parameter VpcIds cannot be used with the parameter MaxResults");
  const page = describe(ctx, {
    kind: "vpc", ids: input.VpcIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: vpcFilters(ctx), pagesIds: true,
  });
  return { Vpcs: page.items.map((vpc) => vpcView(ctx, vpc)), NextToken: page.nextToken };
};
