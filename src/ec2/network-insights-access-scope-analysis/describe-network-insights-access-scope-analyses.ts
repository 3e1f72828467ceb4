// Owns DescribeNetworkInsightsAccessScopeAnalyses (EC2 API reference): of a scope, by id, or all of them, that started within two times.

import type { NetworkInsightsAccessScopeAnalysis } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { startedWithin } from "../network-insights-analysis/describe-network-insights-analyses.ts";
import { find } from "../resource.ts";
import { accessScopeAnalysisView } from "./view.ts";

export const describeNetworkInsightsAccessScopeAnalyses: Ec2Operation<"DescribeNetworkInsightsAccessScopeAnalyses"> = (input, ctx) => {
  const scopeId = input.NetworkInsightsAccessScopeId === undefined ? undefined : find(ctx.snapshot(), "network-insights-access-scope", input.NetworkInsightsAccessScopeId, ctx.region).id;
  const page = describe(ctx, {
    kind: "network-insights-access-scope-analysis", ids: input.NetworkInsightsAccessScopeAnalysisIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: {}, pagesIds: true, limits: { min: 1, max: 100 },
    visible: (analysis: NetworkInsightsAccessScopeAnalysis) => (scopeId === undefined || analysis.scopeId === scopeId) && startedWithin(analysis, input.AnalysisStartTimeBegin, input.AnalysisStartTimeEnd),
  });
  return { NetworkInsightsAccessScopeAnalyses: page.items.map((analysis) => accessScopeAnalysisView(ctx, analysis)), NextToken: page.nextToken };
};
