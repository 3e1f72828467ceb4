// Owns DescribeNetworkInsightsPaths (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { networkInsightsPathFilters, networkInsightsPathView } from "./view.ts";

export const describeNetworkInsightsPaths: Ec2Operation<"DescribeNetworkInsightsPaths"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "network-insights-path", ids: input.NetworkInsightsPathIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: networkInsightsPathFilters, pagesIds: true, limits: { min: 1, max: 100 },
  });
  return { NetworkInsightsPaths: page.items.map((path) => networkInsightsPathView(ctx, path)), NextToken: page.nextToken };
};
