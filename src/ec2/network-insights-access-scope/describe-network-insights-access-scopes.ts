// Owns DescribeNetworkInsightsAccessScopes (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { accessScopeView } from "./view.ts";

export const describeNetworkInsightsAccessScopes: Ec2Operation<"DescribeNetworkInsightsAccessScopes"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "network-insights-access-scope", ids: input.NetworkInsightsAccessScopeIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: {}, pagesIds: true, limits: { min: 1, max: 100 },
  });
  return { NetworkInsightsAccessScopes: page.items.map((scope) => accessScopeView(ctx, scope)), NextToken: page.nextToken };
};
