// Owns DescribeNetworkInsightsAnalyses (EC2 API reference): of a path, by id, or all of them, that started within two times.

import type { NetworkInsightsAnalysis } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { find } from "../resource.ts";
import { networkInsightsAnalysisFilters, networkInsightsAnalysisView } from "./view.ts";

export const describeNetworkInsightsAnalyses: Ec2Operation<"DescribeNetworkInsightsAnalyses"> = (input, ctx) => {
  const pathId = input.NetworkInsightsPathId === undefined ? undefined : find(ctx.snapshot(), "network-insights-path", input.NetworkInsightsPathId, ctx.region).id;
  const page = describe(ctx, {
    kind: "network-insights-analysis", ids: input.NetworkInsightsAnalysisIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: networkInsightsAnalysisFilters, pagesIds: true, limits: { min: 1, max: 100 },
    visible: (analysis: NetworkInsightsAnalysis) => (pathId === undefined || analysis.pathId === pathId) && startedWithin(analysis, input.AnalysisStartTime, input.AnalysisEndTime),
  });
  return { NetworkInsightsAnalyses: page.items.map((analysis) => networkInsightsAnalysisView(ctx, analysis)), NextToken: page.nextToken };
};

/** Both ends count. */
export const startedWithin = ({ createdAt }: { readonly createdAt: string }, from: Date | undefined, to: Date | undefined): boolean =>
  (from === undefined || Date.parse(createdAt) >= from.getTime()) && (to === undefined || Date.parse(createdAt) <= to.getTime());
